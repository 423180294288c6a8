// Makes pages quicker to use. Nothing depends on it: every page and form works without.
import { copyButtons } from './copy.js'
import { countdowns } from './countdown.js'
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
  copyButtons()
  countdowns()
  codeExamples()
}

once()
each()
live(each)
