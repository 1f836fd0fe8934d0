"""Which torch modules, functions and methods are which primitive operator.

A leaf module is looked up by its class, a function or method by its name: ``torch.relu``,
``functional.relu`` and ``Tensor.relu_`` are one operator.
"""

from torch import nn

from nasutils.graphs import operators as ops

#: Data moves but nothing is computed: these become edges.
VIEW = "view"

#: The output holds nothing of the input.
ZERO = "zero"

#: A mean if it averages whole maps, else an average pooling.
ADAPTIVE_MEAN = "adaptive_mean"

MODULES: dict[type[nn.Module], str] = {
    nn.Conv2d: ops.CONV,
    nn.Conv1d: ops.CONV,
    nn.ConvTranspose2d: ops.CONV_TRANSPOSE,
    nn.Linear: ops.LINEAR,
    nn.BatchNorm2d: ops.BATCH_NORM,
    nn.BatchNorm1d: ops.BATCH_NORM,
    nn.LayerNorm: "layer_norm",
    nn.GroupNorm: "group_norm",
    nn.InstanceNorm2d: "instance_norm",
    nn.LocalResponseNorm: "local_response_norm",
    nn.MaxPool2d: ops.MAX_POOL,
    nn.AdaptiveMaxPool2d: ops.MAX_POOL,
    nn.AvgPool2d: ops.AVG_POOL,
    nn.AdaptiveAvgPool2d: ADAPTIVE_MEAN,
    nn.ReLU: ops.RELU,
    nn.Hardswish: ops.HARDSWISH,
    nn.Hardsigmoid: ops.HARDSIGMOID,
    nn.ReLU6: "relu6",
    nn.LeakyReLU: "leaky_relu",
    nn.PReLU: "prelu",
    nn.ELU: "elu",
    nn.SELU: "selu",
    nn.SiLU: "silu",
    nn.GELU: "gelu",
    nn.Mish: "mish",
    nn.Hardtanh: "hardtanh",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
    nn.Softplus: "softplus",
    nn.Softmax: "softmax",
    nn.LogSoftmax: "log_softmax",
    nn.ZeroPad2d: "pad",
    nn.ReflectionPad2d: "pad",
    nn.Upsample: "upsample",
    nn.PixelShuffle: "pixel_shuffle",
    nn.Flatten: VIEW,
    nn.Unflatten: VIEW,
    nn.ChannelShuffle: VIEW,
    nn.Identity: ops.IDENTITY,
    nn.Dropout: ops.IDENTITY,
    nn.Dropout2d: ops.IDENTITY,
    nn.AlphaDropout: ops.IDENTITY,
}

_SAME_NAME = {*ops.ACTIVATIONS, *ops.NORMS, *ops.MERGES, "mean", "pad", "pixel_shuffle"}

_VIEWS = (
    "getitem getattr view reshape flatten unflatten permute transpose movedim contiguous squeeze "
    "unsqueeze expand expand_as narrow select chunk split unbind clone detach to float double "
    "channel_shuffle"
)

#: Functions and methods by name, without the underscore of what works in place.
FUNCTIONS: dict[str, str] = {
    **{name: name for name in _SAME_NAME},
    **dict.fromkeys(_VIEWS.split(), VIEW),
    **dict.fromkeys(["zeros_like", "zeros", "new_zeros"], ZERO),
    **dict.fromkeys(["conv1d", "conv2d"], ops.CONV),
    "conv_transpose2d": ops.CONV_TRANSPOSE,
    "linear": ops.LINEAR,
    **dict.fromkeys(["max_pool2d", "adaptive_max_pool2d"], ops.MAX_POOL),
    "avg_pool2d": ops.AVG_POOL,
    "adaptive_avg_pool2d": ADAPTIVE_MEAN,
    "add_n": ops.ADD,
    "multiply": ops.MUL,
    "subtract": ops.SUB,
    **dict.fromkeys(["truediv", "true_divide", "divide"], ops.DIV),
    **dict.fromkeys(["cat", "concatenate"], ops.CONCAT),
    "interpolate": "upsample",
    **dict.fromkeys(["dropout", "dropout2d", "feature_dropout", "stochastic_depth"], ops.IDENTITY),
}
