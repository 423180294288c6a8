// Makes pages quicker to use. Nothing depends on it: every page and form works without.
import { choices } from './choices.js'
import { copyButtons } from './copy.js'
import { countdowns } from './countdown.js'
import { fileSizes } from './files.js'
import { codeExamples } from './examples.js'
import { live } from './live.js'

function once() {
  // An open menu closes when somebody goes elsewhere.
  document.addEventListener('click', (event) => {
    for (const menu of document.querySelectorAll('details.switch[open]')) {
      if (!menu.contains(event.target)) menu.open = false
    }
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    for (const menu of document.querySelectorAll('details.switch[open]')) {
      menu.open = false
      menu.querySelector('summary').focus()
    }
  })
  // On a phone the list of pages is wider than the window: where one is stands in sight.
  const side = document.querySelector('.side ul')
  const current = side?.querySelector('[aria-current]')
  if (current) side.scrollLeft = current.offsetLeft - (side.clientWidth - current.offsetWidth) / 2
  // A form is sent once: a second click on its button does nothing.
  document.addEventListener('submit', (event) => {
    if (event.target.dataset.sent) event.preventDefault()
    else if (event.target.method === 'post') event.target.dataset.sent = 'yes'
  })
  window.addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent
  })
}

function each() {
  choices()
  copyButtons()
  countdowns()
  fileSizes()
  codeExamples()
}

once()
each()
live(each)
