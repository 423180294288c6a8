// The form of a new campaign: examples of its codes are looked up while somebody types what they are made of.
const FIELDS = ['length', 'charset', 'own_charset', 'pattern', 'prefix', 'postfix', 'vouchers_count']

export function codeExamples() {
  const form = document.querySelector('form[data-examples]')
  if (!form || form.dataset.watched) return
  form.dataset.watched = 'yes'
  const place = document.getElementById('examples')
  let timer = 0
  let asked = 0
  form.querySelector('button[value="examples"]').hidden = true
  form.addEventListener('input', (event) => {
    if (!FIELDS.includes(event.target.name)) return
    clearTimeout(timer)
    timer = setTimeout(look, 200)
  })

  async function look() {
    const turn = ++asked
    const said = new FormData(form)
    const query = new URLSearchParams(FIELDS.map((name) => [name, said.get(name) ?? '']))
    try {
      const answer = await fetch(`${form.dataset.examples}?${query}`)
      if (!answer.ok || answer.redirected || turn !== asked) return
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
      place.replaceChildren(...fresh.body.childNodes)
    } catch {
      // The examples stay as they are; the form works without.
    }
  }
}
