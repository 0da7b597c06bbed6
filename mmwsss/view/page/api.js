// Requests to the local server.
const token = document.querySelector('meta[name=token]').content;

async function answer(response) {
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content.error ?? `the server answered ${response.status}`);
  return content;
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error('mmwsss view does not answer; start it again');
  }
  return answer(response);
}

export const readRun = () => ask('/api/run');

export const correct = (photo, said) =>
  ask(`/api/photos/${photo.id}`, {
    method: 'PUT',
    headers: {'Content-Type': 'application/json', 'X-Mmwsss-Token': token},
    body: JSON.stringify(said),
  });

// The version of the run is in each address, so that no drawing of an earlier run is shown.
export const drawing = (run, photo, layer, index) =>
  `/api/photos/${photo.id}/${encodeURIComponent(layer)}` +
  `${index === undefined ? '' : `/${index}`}?v=${run.version}`;
