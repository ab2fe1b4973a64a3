"""A widget is an object in the kernel with a picture of it in the browser. A click sends a message to the kernel, which
calls the function; what the function assigns to `options`, `disabled` and `value` goes back. So read the widgets
when the click happens, not when the panel is made. A click belongs to no cell: an error inside it has no
place where it would be seen, unless you show it.
"""


# %% solution
def restock_panel(widgets, low_stock, restock):
    """A box in which a person chooses a product that runs short and orders pieces of it."""
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def order(_):
        try:
            restock(product.value, pieces.value)
            message.value = f"{product.value}: {pieces.value} pieces ordered"
        except Exception as error:
            message.value = str(error)
        refresh()

    button.on_click(order)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: A click on Restock calls nothing
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.ToggleButtons(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    return widgets.VBox([product, pieces, button, widgets.Label()])


# %% wrong: The panel orders before anybody has clicked
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.ToggleButtons(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    button.on_click(restock(product.value, pieces.value))
    return widgets.VBox([product, pieces, button, widgets.Label()])


# %% wrong: the fewest pieces first
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.ToggleButtons(options=list(stock), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    button.on_click(lambda _: restock(product.value, pieces.value))
    return widgets.VBox([product, pieces, button, widgets.Label()])


# %% wrong: Read the widgets when the click happens.
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.ToggleButtons(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    chosen, number = product.value, pieces.value
    button.on_click(lambda _: restock(chosen, number))
    return widgets.VBox([product, pieces, button, widgets.Label()])


# %% wrong: Ask low_stock() again after each order
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.ToggleButtons(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    button.on_click(lambda _: restock(product.value, pieces.value))
    return widgets.VBox([product, pieces, button, widgets.Label()])


# %% wrong: New options choose another product
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def order(_):
        restock(product.value, pieces.value)
        refresh()
        message.value = f"{product.value}: {pieces.value} pieces ordered"

    button.on_click(order)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: catch the exception and show its text
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def order(_):
        restock(product.value, pieces.value)
        message.value = f"{product.value}: {pieces.value} pieces ordered"
        refresh()

    button.on_click(order)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: with one argument, the button
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.ToggleButtons(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)

    def order():
        restock(product.value, pieces.value)

    button.on_click(order)
    return widgets.VBox([product, pieces, button, widgets.Label()])


# %% wrong: It needs, in this order
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.Dropdown(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    button.on_click(lambda _: restock(product.value, pieces.value))
    return widgets.VBox([product, pieces, button, widgets.Label()])


# %% wrong: return a widgets.VBox
def restock_panel(widgets, low_stock, restock):
    from IPython.display import display

    stock = low_stock()
    product = widgets.ToggleButtons(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    button.on_click(lambda _: restock(product.value, pieces.value))
    widgets.VBox([product, pieces, button, widgets.Label()])
