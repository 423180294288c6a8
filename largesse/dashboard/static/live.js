// What changes while somebody looks: an element with an id and data-live="2" is fetched anew every two seconds, with the
// page's own address, until the server says it is done by leaving data-live away. Nobody's focus or scroll is moved.
export function live(after) {
  let failures = 0
  async function again() {
    const places = [...document.querySelectorAll('[data-live][id]')]
    if (!places.length) return
    const seconds = Math.min(...places.map((place) => Number(place.dataset.live) || 2))
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds * 2 ** failures))
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
        if (!answer.ok || answer.redirected) return
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
        for (const place of places) {
          const next = fresh.getElementById(place.id)
          if (!next) return location.reload()
          if (next.innerHTML !== place.innerHTML && !place.contains(document.activeElement)) place.replaceWith(next)
          else if (!next.dataset.live) delete place.dataset.live
        }
        after()
        failures = 0
      } catch {
        failures = Math.min(failures + 1, 5)
      }
    }
    again()
  }
  again()
}
