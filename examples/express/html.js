// A flow as HTML: whatever the service asks for becomes a field, so that methods can be switched
// on without a change here.

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

/** Text that is safe between tags and in quoted attributes. */
export const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (it) => entities[it])

export function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body><main><h1>${escape(title)}</h1>
${body}
</main></body>
</html>`
}

/** The form of a flow. Each group of nodes gets a form of its own, as their methods are apart. */
export function form(flow) {
  const shared = flow.ui.nodes.filter((node) => node.group === "default")
  const groups = new Map()
  for (const node of flow.ui.nodes) {
    if (node.group !== "default") groups.set(node.group, [...(groups.get(node.group) ?? []), node])
  }
  const forms = [...groups].map(([group, nodes]) => {
    const fields = [...shared, ...nodes].map((node) => field(node, group)).join("\n")
    return `<form id="${escape(group)}" action="${escape(flow.ui.action)}" method="${escape(flow.ui.method)}">
${fields}
</form>`
  })
  return messages(flow.ui.messages, "status") + forms.join("\n")
}

function messages(list, role) {
  if (!list?.length) return ""
  const lines = list.map((it) => `<p class="${escape(it.type)}">${escape(it.text)}</p>`)
  return `<div role="${role}">${lines.join("")}</div>`
}

function field(node, group) {
  const { attributes: it, meta } = node
  const label = escape(meta?.label?.text ?? it.name)
  switch (it.node_type) {
    case "input":
      return input(node, it, label, `${group}-${it.name}`)
    case "text":
      return `<p>${label}: <code id="${escape(it.id)}">${escape(it.text.text)}</code></p>`
    case "img":
      return `<img src="${escape(it.src)}" width="${Number(it.width)}" height="${Number(it.height)}" alt="${label}">`
    default:
      return ""
  }
}

function input(node, it, label, id) {
  const name = `name="${escape(it.name)}" value="${escape(it.value)}"`
  if (it.type === "hidden") return `<input type="hidden" ${name}>`
  if (it.type === "submit" || it.type === "button") return `<button ${name}>${label}</button>`
  const complete = it.autocomplete ? ` autocomplete="${escape(it.autocomplete)}"` : ""
  const required = it.required ? " required" : ""
  return `<label for="${escape(id)}">${label}</label>
<input id="${escape(id)}" type="${escape(it.type)}" ${name}${required}${complete}>
${messages(node.messages, "alert")}`
}
