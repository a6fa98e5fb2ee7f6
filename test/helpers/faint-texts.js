// Runs in a page: the texts of it whose contrast with what is behind them is less than 4.5, by the formula of WCAG.
;(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  if (!canvas) throw new Error('no canvas')
  /** Any colour that CSS has, over another. */
  const over = (colour, below) => {
    canvas.fillStyle = `rgb(${below.join(' ')})`
    canvas.fillRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  const backgroundOf = (element) =>
    element ? over(getComputedStyle(element).backgroundColor, backgroundOf(element.parentElement)) : [255, 255, 255]
  const brightness = (colour) => {
    const [r = 0, g = 0, b = 0] = colour.map((it) =>
      it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const found = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement
    const text = node.textContent.trim()
    if (!element || text === '' || !element.checkVisibility() || element.closest('noscript, select, script')) continue
    const back = backgroundOf(element)
    const [one, other] = [brightness(back), brightness(over(getComputedStyle(element).color, back))]
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)}: ${text}`)
  }
  return found
})()
