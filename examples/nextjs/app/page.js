export default function Home() {
  return (
    <>
      <h1>Notes</h1>
      <p>A public page.</p>
      <p>
        <a href="/account">Your account</a> · <a href="/vault?shelf=2">The vault</a>
      </p>
    </>
  )
}
