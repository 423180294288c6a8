// A file that is too large is refused before it is sent: a browser that is answered in the middle of ten megabytes often
// shows nothing but a lost connection.
export function fileSizes() {
  for (const input of document.querySelectorAll('input[type=file][data-bytes-max]:not([data-watched])')) {
    input.dataset.watched = 'yes'
    const max = Number(input.dataset.bytesMax)
    input.addEventListener('change', () => {
      const tooLarge = [...input.files].some((file) => file.size > max)
      let error = input.parentElement.querySelector('.error.size')
      if (tooLarge && !error) {
        error = document.createElement('p')
        error.className = 'error size'
        error.setAttribute('role', 'alert')
        error.textContent = `Must not be larger than ${Math.floor(max / 1048576)} MB. Cut it in pieces.`
        input.after(error)
      }
      if (!tooLarge) error?.remove()
      input.form.querySelector('button').disabled = tooLarge
    })
  }
}
