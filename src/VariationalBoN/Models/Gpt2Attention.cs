using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>Causal self-attention with H heads of D = C / H dimensions.</summary>
internal sealed class Gpt2Attention : nn.Module
{
    private readonly Gpt2Linear c_attn, c_proj;
    private readonly int _heads, _size;
    private readonly float _scale;

    internal Gpt2Attention(ParameterSource parameters, string path, Gpt2Config config)
        : base(path)
    {
        c_attn = new Gpt2Linear(parameters, $"{path}.c_attn", 0.02, config.Width, 3 * config.Width);
        c_proj = new Gpt2Linear(parameters, $"{path}.c_proj", 0.02 / Math.Sqrt(2 * config.Layers), config.Width, config.Width);
        _heads = config.Heads;
        _size = config.Width / config.Heads;
        _scale = 1 / MathF.Sqrt(_size);
        RegisterComponents();
    }

    /// <summary>x is [rows * length, C]; the keys and values that come out are [rows, H, length, D].</summary>
    internal Tensor Full(Tensor x, long rows, long length, out Tensor keys, out Tensor values)
    {
        var parts = c_attn.forward(x).view(rows, length, 3 * _heads, _size).transpose(1, 2).chunk(3, 1); // 3 of [rows, H, length, D]
        (keys, values) = (parts[1], parts[2]);
        var mixed = nn.functional.scaled_dot_product_attention(parts[0], keys, values, is_casual: true);
        return c_proj.forward(mixed.transpose(1, 2).reshape(rows * length, _heads * _size));
    }

    /// <summary>x is [rows, C], the token at column <see cref="Gpt2KeyValues.Used"/> of the cache; the mask, 0 or -infinity, is [rows, 1, columns].</summary>
    internal Tensor Step(Tensor x, Gpt2KeyValues cache, Tensor? mask)
    {
        long rows = x.size(0);
        var parts = c_attn.forward(x).view(rows, 3 * _heads, _size).chunk(3, 1);               // 3 of [rows, H, D]
        (var keys, var values) = cache.Append(parts[1], parts[2]);                              // [rows * H, columns, D]
        using Scalar scale = _scale; // held until the call returns: a collection may not free it meanwhile
        var scores = parts[0].mul(scale).view(rows * _heads, 1, _size).bmm(keys.transpose(1, 2)); // [rows * H, 1, columns]
        if (mask is not null)
            scores.view(rows, _heads, -1).add_(mask);
        return c_proj.forward(scores.softmax(-1).bmm(values).view(rows, _heads * _size));
    }
}
