// <div data-for="event" data-values="a b">: shown while the field `event` has one of these values ("" is none, "on" a
// ticked box). Without scripts everything is shown, and what doesn't belong to the choice is ignored.
export function choices() {
  for (const form of document.querySelectorAll('form')) {
    const places = [...form.querySelectorAll('[data-for]')]
    if (!places.length || form.dataset.chosen) continue
    form.dataset.chosen = 'yes'
    const show = () => {
      const data = new FormData(form)
      for (const place of places) {
        const value = data.get(place.dataset.for) ?? ''
        place.hidden = !place.dataset.values.split(' ').includes(value)
      }
    }
    form.addEventListener('change', show)
    show()
  }
}
