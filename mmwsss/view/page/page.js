// What a person does on the page: choose photos, correct tags, judge masks.
import {correct, readRun} from './api.js';
import {$, element, name, swatch} from './elements.js';
import {fillClasses, markCurrent, same, select, showList, tagsCorrected, updateRow} from './list.js';
import {nextLayer, showOpacity, showPhoto, toggleOverlay} from './viewer.js';

const UNCERTAINTY = 'Uncertainty: 1 − the best response of the classifier, on average over the mask; ' +
  '0 is sure, 1 unsure';
let run;
let photos = [];
let current = null;
let queue = Promise.resolve(); // one change after the other

function choose(photo) {
  current = photo;
  showPhoto(run, photo);
  markCurrent(photo);
  showPanel();
  history.replaceState(null, '', photo ? `#${photo.id}` : location.pathname);
}

function filter() {
  photos = select(run.photos);
  showList(run, photos, choose);
  choose(photos.includes(current) ? current : photos[0] ?? null);
}

function step(by) {
  const next = photos[photos.indexOf(current) + by];
  if (next) choose(next);
}

function showPanel() {
  $('panel').hidden = !current;
  if (!current) return;
  const {tags, given, took, split, uncertainty, mask, layers} = current;
  $('title').textContent = current.name;
  $('facts').textContent = [
    {train: 'Trained on', 'held out': 'Held out: the segmentor did not learn from it'}[split] ?? 'Untagged',
    ...(layers.includes('prediction') ? [] : ['the segmentor is shown on held-out photos']),
    ...(uncertainty === null ? [] : [`uncertainty ${uncertainty.toFixed(2)}`]),
  ].join(' · ');
  $('facts').title = UNCERTAINTY;
  const pressed = (on) => ({type: 'button', 'aria-pressed': String(on)});
  $('tags').replaceChildren(
    ...run.classes.map((one) =>
      element('button', {...pressed(tags?.includes(one.name)), onclick: () => toggle(one.name)},
        swatch(one.colour), name(one.name))),
    element('button', {...pressed(tags?.length === 0), className: 'none',
      onclick: () => say({tags: []})}, name('None of these')),
  );
  const was = given === null ? 'untagged' : given.join(', ') || 'none of the classes';
  $('tags-note').textContent = tagsCorrected(current)
    ? `Originally: ${was}.${same(tags, took) ? '' : ' The images are those of the tags before.'}`
    : tags === null ? 'Not tagged yet. Choose everything that it shows.' : '';
  $('reset').hidden = !tagsCorrected(current);
  $('judge').hidden = !current.layers.length;
  $('good').setAttribute('aria-pressed', String(mask === 'good'));
  $('bad').setAttribute('aria-pressed', String(mask === 'bad'));
  $('mask-note').textContent =
    current.stale ? 'The mask has changed since you judged it.'
    : mask === 'bad' ? 'The segmentor will not learn from it.'
    : mask === 'good' ? '' : 'The segmentor does not learn from a bad mask.';
}

function toggle(shows) {
  const tags = current.tags ?? [];
  const now = tags.includes(shows) ? tags.filter((tag) => tag !== shows) : [...tags, shows];
  say({tags: run.classes.map((one) => one.name).filter((tag) => now.includes(tag))});
}

function judge(mask) {
  if (!current.layers.length) return; // there is no mask
  say({mask: current.mask === mask && !current.stale ? null : mask});
}

// Show a change at once, and save it; what is not saved is taken back.
function say(said) {
  const photo = current;
  const before = {tags: photo.tags, mask: photo.mask, stale: photo.stale};
  Object.assign(photo, said, 'mask' in said ? {stale: false} : {});
  refresh(photo);
  queue = queue.then(async () => {
    try {
      const saved = await correct(photo, said);
      photo.stale = saved.stale;
      report(`Saved in ${run.file}`);
    } catch (error) {
      Object.assign(photo, before);
      report(`Not saved: ${error.message}`, true);
    }
    refresh(photo);
  });
}

function refresh(photo) {
  updateRow(photo);
  if (photo === current) showPanel();
  showPending();
}

// What the next run would take up.
function showPending() {
  const waits = (photo) =>
    !same(photo.tags, photo.took) ||
    (photo.mask === 'bad' ? photo.learned : photo.left_out);
  const count = run.photos.filter(waits).length;
  $('pending').hidden = !count;
  $('pending').textContent =
    `${count} photo${count === 1 ? '' : 's'} corrected: run the same “mmwsss masks” command again, ` +
    'then reload this page';
}

function report(text, failed = false) {
  $('status').textContent = text;
  $('status').classList.toggle('failed', failed);
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('select, input')) return;
  const key = event.key.toLowerCase();
  const onButton = event.target.matches('button, summary');
  const actions = {
    arrowleft: () => step(-1), arrowright: () => step(1), k: () => step(-1), j: () => step(1),
    g: () => judge('good'), b: () => judge('bad'), 0: () => say({tags: []}), l: nextLayer,
    ...(onButton ? {} : {' ': toggleOverlay}),
    ...Object.fromEntries(run.classes.slice(0, 9).map((one, at) => [at + 1, () => toggle(one.name)])),
  };
  if (!current || !actions[key]) return;
  event.preventDefault();
  actions[key]();
}

async function start() {
  try {
    run = await readRun();
  } catch (error) {
    report(error.message, true);
    return;
  }
  $('name').textContent = document.title = `${run.name} · mmwsss view`;
  report(`Every change is saved in ${run.file}`);
  fillClasses(run.classes);
  for (const id of ['by-class', 'by-split', 'by-mark', 'order']) $(id).addEventListener('change', filter);
  $('previous').addEventListener('click', () => step(-1));
  $('next').addEventListener('click', () => step(1));
  $('opacity').addEventListener('input', showOpacity);
  $('opacity').addEventListener('pointerup', () => $('opacity').blur());
  $('good').addEventListener('click', () => judge('good'));
  $('bad').addEventListener('click', () => judge('bad'));
  $('reset').addEventListener('click', () => say({tags: current.given === null ? null : [...current.given]}));
  document.addEventListener('keydown', press);
  current = run.photos.find((photo) => `#${photo.id}` === location.hash) ?? null;
  filter();
  showPending();
}

start();
