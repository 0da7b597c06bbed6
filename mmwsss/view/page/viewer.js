// The photo, and one of the layers that a run made of it over it.
import {drawing} from './api.js';
import {$, element, name} from './elements.js';

const TITLES = {mask: 'Mask', 'training label': 'Training label', prediction: 'Segmentor'};
const HINTS = {
  mask: 'Where the run sees the classes of the tags',
  'training label': 'What the segmentor learned from; hatched pixels are left out as unsure',
  prediction: 'The segmentor, which needs no tags',
};
const LEFT_OUT = 'The segmentor did not learn from it: its mask was bad';
let wanted = 'mask'; // stays from photo to photo
let shown = [];

export function layersOf(run, photo) {
  const index = (shows) => run.classes.findIndex((one) => one.name === shows);
  return [
    {key: 'photo', title: 'Photo', hint: 'The photo alone'},
    ...photo.layers.map((layer) => ({
      key: layer, title: TITLES[layer], address: drawing(run, photo, layer),
      hint: layer === 'training label' && photo.left_out ? LEFT_OUT : HINTS[layer],
    })),
    ...photo.responses.map((shows) => ({
      key: `response ${shows}`, title: 'Response: ', shows,
      hint: `Response map: where the classifier sees ${shows}`,
      address: drawing(run, photo, 'response', index(shows)),
    })),
  ];
}

export function showPhoto(run, photo) {
  $('nothing').hidden = Boolean(photo);
  for (const id of ['bar', 'layers', 'layers-note']) $(id).hidden = !photo;
  shown = photo ? layersOf(run, photo) : [];
  setSource($('photo'), photo && drawing(run, photo, 'photo'));
  $('photo').alt = photo ? photo.name : '';
  $('layers').replaceChildren(...shown.map((layer) => tile(run, photo, layer)));
  showLayer();
}

// The layer that is wanted, else the first response map for one, else the first after the photo.
function chosen() {
  return shown.find((layer) => layer.key === wanted) ??
    (wanted.startsWith('response') && shown.find((layer) => layer.key.startsWith('response'))) ??
    shown[1] ?? shown[0];
}

function tile(run, photo, layer) {
  const images = element('span', {className: 'tile'},
    element('img', {src: drawing(run, photo, 'photo'), alt: ''}));
  if (layer.address) images.append(element('img', {src: layer.address, alt: '', className: 'over'}));
  const button = element('button', {type: 'button', onclick: () => want(layer.key)},
    images, element('span', {className: 'title', textContent: layer.title}));
  if (layer.shows) button.lastChild.append(name(layer.shows));
  button.title = layer.hint;
  button.dataset.layer = layer.key;
  return button;
}

function showLayer() {
  const layer = chosen() || shown[1] || shown[0];
  for (const button of $('layers').children) {
    button.setAttribute('aria-pressed', String(button.dataset.layer === layer?.key));
  }
  setSource($('overlay'), layer?.address);
  $('layers-note').textContent = layer ? `${layer.hint}.` : '';
  showOpacity();
}

export function want(key) {
  wanted = key;
  showLayer();
}

export function nextLayer() {
  const at = shown.findIndex((layer) => layer === (chosen() || shown[0]));
  if (shown.length) want(shown[(at + 1) % shown.length].key);
}

export function showOpacity() {
  const opacity = String($('opacity').value / 100);
  for (const image of document.querySelectorAll('#overlay, .over')) image.style.opacity = opacity;
}

export function toggleOverlay() {
  $('overlay').hidden = !$('overlay').hidden;
}

function setSource(image, address) {
  image.hidden = false;
  if (address) image.src = address;
  else image.removeAttribute('src');
}
