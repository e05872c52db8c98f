/* The page's only script: asks /whoami, /todo and /handshake, and shows what they say. */
'use strict';

const $ = (id) => document.getElementById(id);

/* An element with text; what comes from the server is only ever text, never markup. */
function element(name, text, attributes = {}) {
	const made = document.createElement(name);
	if (text !== undefined)
		made.textContent = text;
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	return made;
}

function complain(problem) {
	$('problem').textContent = problem ? String(problem.message || problem) : '';
	$('problem').hidden = !problem;
}

async function ask(method, path, body) {
	const options = { method, headers: {}, cache: 'no-store' };
	if (body !== undefined) {
		options.headers['Content-Type'] = 'application/json';
		options.body = JSON.stringify(body);
	}
	const answer = await fetch(path, options);
	if (answer.status === 204)
		return null;
	const json = await answer.json();
	if (!answer.ok)
		throw new Error(json.error || `${method} ${path}: ${answer.status}`);
	return json;
}

/* ---- Who you are ---- */

async function showIdentity() {
	const you = await ask('GET', '/whoami');
	const rows = [
		['Name', you.client ?? 'nobody: no certificate was shown'],
		['Subject', you.subject],
		['Also known as', you.sans.join(', ')],
		['Issuer', you.issuer],
		['Serial number', you.serial],
		['Valid until', you.not_after && new Date(you.not_after).toLocaleString()],
		['TLS version', you.tls && you.tls.version],
		['Cipher', you.tls && you.tls.cipher],
		['Handshake', you.tls && (you.tls.resumed ? 'resumed' : 'full')],
	];
	$('identity').replaceChildren(...rows.filter((row) => row[1]).flatMap(
		([name, value]) => [element('dt', name), element('dd', value)]));
	$('greeting').textContent = you.client
		? `Hello, ${you.client}: your certificate says so.`
		: 'You have shown no certificate.';
}

/* ---- The list ---- */

function showItem(item) {
	const row = element('li');
	const label = element('label');
	const box = element('input', undefined, { type: 'checkbox' });
	const text = element('span', item.task);
	const remove = element('button', 'Delete', { type: 'button', 'aria-label': `Delete: ${item.task}` });
	box.checked = item.done;
	text.classList.toggle('done', item.done);
	box.addEventListener('change', () => change(() => ask('PATCH', `/todo/${item.id}`, { done: box.checked })));
	remove.addEventListener('click', () => change(() => ask('DELETE', `/todo/${item.id}`)));
	label.append(box, text);
	row.append(label, remove);
	return row;
}

async function showList() {
	const list = await ask('GET', '/todo');
	$('items').replaceChildren(...list.todos.map(showItem));
}

/* Does something to the list, then shows what it has become, whether that went well or not. */
async function change(act) {
	let problem = null;
	await act().catch((error) => { problem = error; });
	await showList().catch((error) => { problem = problem || error; });
	complain(problem);
	return !problem;
}

$('add').addEventListener('submit', async (event) => {
	event.preventDefault();
	const task = $('task').value;
	if (await change(() => ask('POST', '/todo', { task })))
		$('add').reset();
	$('task').focus();
});

/* ---- The handshake ---- */

async function showHandshake() {
	const handshake = await ask('GET', '/handshake');
	$('summary').textContent = handshake.summary;
	$('messages').replaceChildren(...handshake.messages.map((message) => {
		const row = element('li', undefined, { class: message.from });
		const arrow = message.from === 'client' ? '→' : '←';
		row.append(`${message.from} ${arrow} ${message.message} `, element('span',
			`${message.bytes} bytes${message.encrypted ? ', encrypted' : ''}`, { class: 'quiet' }));
		return row;
	}));
}

showIdentity().catch((error) => { $('greeting').textContent = error.message; });
showList().catch(complain);
showHandshake().catch((error) => { $('summary').textContent = error.message; });
