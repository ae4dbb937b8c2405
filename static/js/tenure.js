// Tenure's own script: keys, ticked rows, drawers. Every page works without it; it only makes them quicker. It runs nothing that
// a page brings along: it reads data attributes, and acts by pressing what the page already has.
(() => {
  'use strict';
  const one = (s, in_ = document) => in_.querySelector(s);
  const all = (s, in_ = document) => [...in_.querySelectorAll(s)];
  const body = document.body;
  document.documentElement.classList.add('t-scripted');

  // The script's own words, in the language of the page: its body brings them where they are not these.
  const words = JSON.parse(body.dataset.say || '{}');
  const said = (text, ...values) => (words[text] || text).replace(/%s/g, () => values.shift());

  // A polite voice.
  const voice = document.createElement('p');
  voice.className = 'visually-hidden';
  voice.setAttribute('role', 'status');
  body.append(voice);
  const say = text => { voice.textContent = text; };
  addEventListener('tenure:say', e => say(e.detail));

  // Rows: keys act on the one with the focus.
  const rows = () => all('tr[data-row]').filter(r => r.checkVisibility());
  const here = () => document.activeElement?.closest?.('tr[data-row]') || one('tr[data-row].t-here');
  const stand = row => {
    if (!row) return;
    all('.t-here').forEach(r => r.classList.remove('t-here'));
    row.classList.add('t-here');
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
    const head = row.closest('table')?.tHead?.getBoundingClientRect();
    const top = row.getBoundingClientRect().top;
    if (head && head.top <= 1 && top < head.bottom) scrollBy(0, top - head.bottom - 8);
  };
  const step = by => {
    const list = rows(), at = list.indexOf(here());
    stand(list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))]);
  };

  // Ticked rows: their count, the box for all of the page, the range, and everything that matches.
  const boxes = form => all('input[data-pick]').filter(b => b.form === form);
  let last = null;
  const count = form => {
    const list = boxes(form), n = list.filter(b => b.checked).length, whole = one('[data-bulk-all]', form);
    const every = whole && whole.checked;
    list.forEach(b => b.closest('tr')?.classList.toggle('t-picked', b.checked || every));
    form.classList.toggle('t-some', n > 0 || every);
    const text = one('[data-bulk-count]', form);
    if (text) text.textContent = every ? said('%s are chosen', whole.parentElement.textContent.trim()) : said('%s of %s on this page chosen', n, list.length);
    const head = one('#' + form.id.replace(/-bulk$/, '-list') + ' [data-bulk-head] input');
    if (head) {
      head.checked = every || n > 0 && n === list.length;
      head.indeterminate = !every && n > 0 && n < list.length;
    }
  };
  const tick = (box, range) => {
    if (!box) return;
    const list = boxes(box.form), from = list.indexOf(last), to = list.indexOf(box);
    if (range && from >= 0) list.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(b => { b.checked = true; });
    last = box;
    count(box.form);
  };
  const bulk = () => all('form[data-bulk]').forEach(form => {
    const place = one('#' + form.id.replace(/-bulk$/, '-list') + ' [data-bulk-head]');
    if (place && !one('input', place)) {
      const head = document.createElement('input');
      head.type = 'checkbox';
      head.className = 'form-check-input';
      head.setAttribute('aria-label', said('Choose all rows of this page'));
      const label = document.createElement('label');
      label.className = 't-pick';
      label.append(head);
      place.replaceChildren(label);
      head.addEventListener('change', () => {
        boxes(form).forEach(b => { b.checked = head.checked; });
        const whole = one('[data-bulk-all]', form);
        if (whole) whole.checked = false;
        count(form);
      });
    }
    count(form);
  });
  document.addEventListener('click', e => {
    const box = e.target.closest?.('input[data-pick]');
    if (box) tick(box, e.shiftKey);
  });
  document.addEventListener('change', e => {
    if (e.target.matches?.('[data-bulk-all]')) count(e.target.form);
  });

  // Drawers: the part #drawer of a row's own page, in a dialog at the side. The dialog keeps focus inside, closes with Esc and
  // gives the focus back to the row.
  const dialog = (className, label) => {
    const d = document.createElement('dialog');
    d.className = className;
    d.setAttribute('aria-label', label);
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'btn btn-sm t-sheet-close';
    close.textContent = said('Close');
    close.addEventListener('click', () => d.close());
    d.addEventListener('click', e => { if (e.target === d) d.close(); });
    d.addEventListener('close', () => d.remove());
    d.append(close);
    body.append(d);
    return d;
  };
  const part = async (url, id) => {
    const answer = await fetch(url, { headers: { Accept: 'text/html' }, credentials: 'same-origin' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    return page.getElementById(id);
  };
  const drawer = async (url, row) => {
    row.setAttribute('aria-busy', 'true');
    let content = null;
    try { content = await part(url, 'drawer'); } catch { /* the page itself says what is wrong */ }
    row.removeAttribute('aria-busy');
    if (!content) { location.href = url; return; }
    const d = dialog('t-sheet', one('h1', content)?.textContent.trim() || said('Details'));
    const open = one('.t-panel-whole', content);
    if (!open) content.prepend(Object.assign(document.createElement('a'), { href: url, className: 't-panel-whole', textContent: said('Open as a page') }));
    d.append(document.importNode(content, true));
    d.addEventListener('close', () => stand(row));
    d.showModal();
    window.htmx?.process(d);
    all('[data-typed]', d).forEach(hold);
    one('#drawer-title', d)?.focus();
  };
  const enter = (row, direct) => {
    if (!row?.dataset.open) return;
    if (row.hasAttribute('data-drawer') && !direct) drawer(row.dataset.open, row); else location.href = row.dataset.open;
  };
  document.addEventListener('click', e => {
    const link = e.target.closest?.('tr[data-drawer] > th a');
    if (!link || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.defaultPrevented) return;
    e.preventDefault();
    drawer(link.href, link.closest('tr'));
  });

  // A dialog of the keys, from the page that lists them.
  const help = async () => {
    if (one('dialog.t-keys')) return;
    let keys = null;
    try { keys = await part('/help/keys', 'keys'); } catch { /* below */ }
    if (!keys) { location.href = '/help/keys'; return; }
    const d = dialog('t-keys', said('Keys'));
    keys.removeAttribute('id');
    d.append(document.importNode(keys, true));
    d.showModal();
  };

  // A link to a part of the page takes the focus there, as it does by itself for what can have it.
  document.addEventListener('click', e => {
    const link = e.target.closest?.('a[href^="#"]'), to = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!to || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
    if (!to.matches('a, button, input, select, textarea, summary, [tabindex]')) to.tabIndex = -1;
    to.focus({ preventScroll: true });
  });

  // What must be typed before something is done holds the button back. The server checks it as well.
  function hold(box) {
    const field = one('input', box), button = one('button[type=submit]', box.closest('form'));
    if (!field || !button) return;
    const look = () => { button.disabled = field.value.replace(/\s/g, '') !== box.dataset.typed.replace(/\s/g, ''); };
    field.addEventListener('input', look);
    look();
  }

  // Keys. Never while something is being written, never with a modifier, and single letters only if the profile lets them.
  const writing = t => t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName) && !/^(checkbox|radio|button|submit)$/.test(t.type);
  let before = '', since = 0;
  const letter = (e, key) => {
    const row = here();
    if (before === 'g' && Date.now() - since < 1500) {
      before = '';
      if (key === 'i') location.href = '/inbox';
      if (key === 'h') location.href = '/';
      return key === 'i' || key === 'h';
    }
    before = key;
    since = Date.now();
    switch (key) {
      case 'j': step(1); return true;
      case 'k': step(-1); return true;
      case '/': {
        const field = all('[data-find], [data-list-search]').find(f => f.offsetParent);
        if (!field) return false;
        field.focus();
        field.select();
        return true;
      }
      case '?': help(); return true;
      case 'x': case 'X': {
        const box = row && one('input[data-pick]', row);
        if (!box) return false;
        if (key === 'x') box.checked = !box.checked;
        tick(box, key === 'X');
        return true;
      }
    }
    const act = row && one('[data-key~="' + CSS.escape(key) + '"]', row) || one('[data-page-key="' + CSS.escape(key) + '"]');
    if (act) act.click();
    return Boolean(act);
  };
  document.addEventListener('keydown', e => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || writing(e.target)) return;
    const open = one('dialog[open]');
    if (e.key === 'Enter' && !open && e.target.matches('tr[data-row]')) { enter(e.target); e.preventDefault(); return; }
    if (open || !body.hasAttribute('data-letters') || e.key.length !== 1) return;
    if (letter(e, e.key)) e.preventDefault();
  });
  document.addEventListener('keydown', e => {
    if (e.key !== 'Escape') return;
    const menu = e.target.closest?.('details.t-menu[open], details.t-narrow[open]');
    if (menu) { menu.open = false; one('summary', menu)?.focus(); }
  });
  document.addEventListener('click', e => {
    const link = e.target.closest?.('[data-keys-help]');
    if (link && !e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); help(); }
    all('details.t-menu[open]').forEach(m => { if (!m.contains(e.target)) m.open = false; });
  });

  // After a part of the page was exchanged: boxes are counted anew, and a focus that went with its row stands on the next one.
  let place = -1;
  document.addEventListener('htmx:before:swap', () => { place = rows().indexOf(here()); });
  document.addEventListener('htmx:after:swap', () => {
    bulk();
    if (place >= 0 && document.activeElement === body) stand(rows()[Math.min(place, rows().length - 1)]);
    place = -1;
  });

  bulk();
  all('[data-typed]').forEach(hold);
})();
