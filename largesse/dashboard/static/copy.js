// Buttons that copy a text: shown where the browser lets us.
export function copyButtons() {
  if (!navigator.clipboard) return
  for (const button of document.querySelectorAll('button[data-copy][hidden]')) {
    button.hidden = false
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset.copy)
      const word = button.textContent
      button.textContent = 'Copied'
      setTimeout(() => { button.textContent = word }, 1500)
    })
  }
}
