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


# %% right: a class whose method is called
class RestockPanel:
    def __init__(self, widgets, low_stock, restock):
        self.low_stock, self.restock = low_stock, restock
        self.product = widgets.ToggleButtons(description="Product", button_style="info")
        self.pieces = widgets.BoundedIntText(50, min=1, max=1000, description="Pieces")
        self.button = widgets.Button(description="Restock", icon="truck")
        self.message = widgets.Label("Choose a product.")
        self.button.on_click(self.clicked)
        self.refresh()

    def refresh(self):
        stock = self.low_stock()
        names = [name for name, _ in sorted(stock.items(), key=lambda pair: pair[1])]
        self.product.options = [(f"{name} ({stock[name]})", name) for name in names]
        self.button.disabled = len(stock) == 0

    def clicked(self, button):
        name, number = self.product.value, self.pieces.value
        try:
            self.restock(name, number)
        except Exception as error:
            self.message.value = f"Error: {error}"
        else:
            self.message.value = "{}: {} pieces ordered".format(name, number)
        finally:
            self.refresh()


def restock_panel(widgets, low_stock, restock):
    panel = RestockPanel(widgets, low_stock, restock)
    return widgets.VBox(children=(panel.product, panel.pieces, panel.button, panel.message))


# %% right: new ToggleButtons after each order, and a function with its arguments bound
from functools import partial


def order(button, box, draw, restock):
    product, pieces, _, message = box.children
    button.disabled = True
    try:
        restock(product=product.value, pieces=pieces.value)
        message.value = str(product.value) + ": " + str(pieces.value) + " pieces ordered"
    except Exception as error:
        message.value = repr(error)
    draw()


def restock_panel(widgets, low_stock, restock):
    box = widgets.VBox()
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button, message = widgets.Button(description="Restock"), widgets.Label()

    def draw():
        low = low_stock()
        product = widgets.ToggleButtons(options=sorted(low, key=low.get), description="Product")
        button.disabled = low == {}
        box.children = [product, pieces, button, message]

    button.on_click(partial(order, box=box, draw=draw, restock=restock))
    draw()
    return box


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


# %% wrong: the options are ['Fan', 'Lamp', 'Pan']: all of them
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: The value of each option is the number of pieces
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock.items(), key=lambda item: item[1])
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: not ['Cup', 'Lamp']. Ask low_stock() again
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        product.options = [p for p in product.options if p != name]
        button.disabled = not product.options

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: The product comes first.
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(amount, name)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: Assign it to the value of the Label.
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        print(f"{name}: {amount} pieces ordered")
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: Show the text of the error.
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: Restock can still be pressed: disable it.
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: it must go from 1 to 1000 and begin with 50
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: A screen reader reads it aloud.
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000)
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: TraitError in line
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = error
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: restock raised an error and the click lets it through
def restock_panel(widgets, low_stock, restock):
    class Panel:
        def __init__(self):
            self.product = widgets.ToggleButtons(description="Product")
            self.pieces = widgets.BoundedIntText(50, min=1, max=1000, description="Pieces")
            self.button = widgets.Button(description="Restock")
            self.label = widgets.Label()
            self.button.on_click(self.order)
            self.ask()

        def ask(self):
            low = low_stock().items()
            self.product.options = [name for name, _ in sorted(low, key=lambda pair: pair[1])]
            self.button.disabled = not self.product.options

        def order(self, button):
            name, count = self.product.value, self.pieces.value
            restock(name, count)
            self.label.value = "{}: {} pieces ordered".format(name, count)
            self.ask()

    panel = Panel()
    return widgets.VBox([panel.product, panel.pieces, panel.button, panel.label])


# %% wrong: nobody can try again
def restock_panel(widgets, low_stock, restock):
    product = widgets.ToggleButtons(description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock")
    message = widgets.Label()

    def refresh():
        stock = low_stock()
        product.options = sorted(stock, key=stock.get)
        button.disabled = not stock

    def clicked(_):
        button.disabled = True  # no second click while this one works
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
        except Exception as error:
            message.value = str(error)
            return
        message.value = f"{name}: {amount} pieces ordered"
        refresh()

    button.on_click(clicked)
    refresh()
    return widgets.VBox([product, pieces, button, message])


# %% wrong: still run short, and Restock cannot be pressed any more
def restock_panel(widgets, low_stock, restock):
    stock = low_stock()
    product = widgets.ToggleButtons(options=sorted(stock, key=stock.get), description="Product")
    pieces = widgets.BoundedIntText(value=50, min=1, max=1000, description="Pieces")
    button = widgets.Button(description="Restock", disabled=not stock)
    message = widgets.Label()

    def clicked(_):
        name, amount = product.value, pieces.value
        try:
            restock(name, amount)
            message.value = f"{name}: {amount} pieces ordered"
        except Exception as error:
            message.value = str(error)
        left = low_stock()
        product.options = sorted(left, key=left.get)
        button.disabled = True

    button.on_click(clicked)
    return widgets.VBox([product, pieces, button, message])
