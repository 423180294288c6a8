// <time data-countdown="2030-01-01T00:00:00Z">: the time that is left, second by second.
let ticking = false

export function countdowns() {
  tick()
  if (ticking) return
  ticking = true
  setInterval(tick, 1000)
}

function tick() {
  for (const place of document.querySelectorAll('[data-countdown]')) {
    const left = Math.max(0, Math.round((new Date(place.dataset.countdown) - Date.now()) / 1000))
    const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    if (place.textContent !== text) place.textContent = text
  }
}
