export const metadata = { title: "Notes", icons: { icon: "data:," } }

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <main>{children}</main>
      </body>
    </html>
  )
}
