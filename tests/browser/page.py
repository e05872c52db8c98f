"""Uses the page as a person would: reads it, adds an item, ticks it, deletes it, reloads."""
import sys

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import browser.chromium as chromium

url, shot, url_http1 = sys.argv[1:]
driver = chromium.start()
try:
    wait = WebDriverWait(driver, 30)

    # Read in one step: the list is replaced as a whole, and elements of the old one are gone.
    def items():
        return driver.execute_script(
            "return [...document.querySelectorAll('#items li span')].map(e => e.textContent)")

    # What is asked of a row may come between two lists: then it is asked again.
    def in_row(task, selector, act):
        def attempt(_):
            try:
                row = next(item for item in driver.find_elements(By.CSS_SELECTOR, "#items li")
                           if task in item.text)
                return act(row.find_element(By.CSS_SELECTOR, selector)) is not False
            except (StaleElementReferenceException, NoSuchElementException, StopIteration):
                return False
        wait.until(attempt)

    def protocol():
        return driver.execute_script(
            "return performance.getEntriesByType('navigation')[0].nextHopProtocol")

    driver.get(url)
    wait.until(lambda d: len(items()) == 5)
    assert protocol() == "h2", protocol()
    wait.until(lambda d: "mtls-client" in d.find_element(By.ID, "greeting").text)
    identity = driver.find_element(By.ID, "identity").text
    for text in ("CN=mtls-client", "CN=mTLS Lab Root CA", "TLSv1.3", "Valid until"):
        assert text in identity, (text, identity)
    wait.until(lambda d: "Certificate" in d.find_element(By.ID, "messages").text)
    print("identity, five items and the handshake are shown")

    # By keyboard alone: the field has a label, and Enter sends.
    field = driver.find_element(By.ID, "task")
    assert driver.find_element(By.CSS_SELECTOR, "label[for=task]").text == "New item"
    field.send_keys("<b>bold</b> & Añadir", Keys.ENTER)
    wait.until(lambda d: "<b>bold</b> & Añadir" in items())
    assert not driver.find_elements(By.CSS_SELECTOR, "#items b"), "markup of an item became markup"
    assert field.get_attribute("value") == ""
    assert driver.switch_to.active_element == field, "the focus is lost after adding"
    driver.refresh()
    wait.until(lambda d: "<b>bold</b> & Añadir" in items())
    print("an item is added, and there after a reload")

    in_row("bold", "input", lambda box: box.click())
    in_row("bold", ".done", lambda text: text.is_displayed())
    driver.refresh()
    wait.until(lambda d: len(items()) == 6)
    in_row("bold", "input", lambda box: box.is_selected())
    print("it is ticked, and still after a reload")

    driver.save_screenshot(shot)
    in_row("bold", "button", lambda button: button.click())
    wait.until(lambda d: len(items()) == 5)
    print("it is deleted")

    names = [b.get_attribute("aria-label") for b in driver.find_elements(By.CSS_SELECTOR, "#items button")]
    assert len(set(names)) == len(names) == 5, names
    errors = chromium.console_errors(driver)
    assert not errors, errors
    print("nothing went wrong in the console")

    driver.get(url_http1)
    wait.until(lambda d: len(items()) == 5)
    assert protocol() == "http/1.1", protocol()
    print("over HTTP/2, and over HTTP/1.1 where the server speaks nothing else")
finally:
    driver.quit()
