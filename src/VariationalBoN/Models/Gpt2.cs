using TorchSharp.Modules;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>
/// GPT-2: a pre-norm transformer with learned positions whose output layer is the token embedding. Maps int64 tokens [B, T] to
/// float32 logits [B, T, V] on the device of its parameters; the logits at a position depend on the tokens up to it alone.
/// </summary>
/// <remarks>
/// Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019). The parameters have the names and layouts of
/// Hugging Face's GPT-2 without the prefix <c>transformer.</c>: linear weights are stored [in, out], the embedding is stored once.
/// There is no dropout. Several threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public sealed class Gpt2 : nn.Module<Tensor, Tensor>, ICachedDecoder
{
    private readonly Gpt2Embedding wte, wpe;
    private readonly ModuleList<Gpt2Block> h;
    private readonly Gpt2Norm ln_f;

    /// <summary>Creates a model with GPT-2's initialisation: N(0, 0.02), residual projections divided by sqrt(2 layers), biases 0.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Fixes every initial value; no global generator is read or changed.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message names every fault.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public Gpt2(Gpt2Config config, long seed)
        : base(TorchRuntime.RequireBefore(nameof(Gpt2)))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        var parameters = new RandomParameters(seed);
        wte = new Gpt2Embedding(parameters, nameof(wte), config.VocabularySize, config.Width);
        wpe = new Gpt2Embedding(parameters, nameof(wpe), config.MaximumLength, config.Width);
        h = new ModuleList<Gpt2Block>([.. Enumerable.Range(0, config.Layers).Select(i => new Gpt2Block(parameters, $"h.{i}", config))]);
        ln_f = new Gpt2Norm(parameters, nameof(ln_f), config);
        RegisterComponents();
    }

    /// <summary>The shape of the model.</summary>
    public Gpt2Config Config { get; }

    /// <inheritdoc/>
    public int VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public int MaximumLength => Config.MaximumLength;

    internal Device Device => wte.weight.device;

    /// <summary>The logits of the next token at every position.</summary>
    /// <param name="input">Tokens [B, T], int64, on the device of the parameters, T at most <see cref="MaximumLength"/>.</param>
    /// <returns>A fresh tensor [B, T, V], the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">The shape or type is another one.</exception>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Head(Trunk(input, null)).view(input.size(0), input.size(1), VocabularySize).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor LogitsAt(Tensor tokens, Tensor positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        using var scope = NewDisposeScope();
        return Head(Trunk(tokens, null).index_select(0, positions)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        using var scope = NewDisposeScope();
        var caches = new List<Gpt2KeyValues>();
        try
        {
            var hidden = Trunk(tokens, (keys, values) => caches.Add(new Gpt2KeyValues(keys, values, tokens.size(1) + additionalTokens)));
            var decoding = new Gpt2Decoding(this, [.. caches], lengths, (int)tokens.size(1));
            logits = Head(hidden.index_select(0, decoding.LastPositions())).MoveToOuterDisposeScope();
            return decoding;
        }
        catch
        {
            caches.ForEach(cache => cache.Dispose());
            throw;
        }
    }

    /// <summary>One more token a row through the cache: tokens and positions are [rows], the result is [rows, V].</summary>
    internal Tensor Step(Tensor tokens, Tensor positions, Gpt2KeyValues[] caches, Tensor? mask)
    {
        var x = wte.weight.index_select(0, tokens) + wpe.weight.index_select(0, positions); // [rows, C]
        for (int i = 0; i < caches.Length; i++)
            x = h[i].Step(x, caches[i], mask);
        return Head(ln_f.forward(x));
    }

    private Tensor Trunk(Tensor tokens, Action<Tensor, Tensor>? keep)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.dim() != 2 || tokens.dtype != ScalarType.Int64)
            throw new ArgumentException($"The tokens are {tokens.dtype} [{string.Join(", ", tokens.shape)}]; they must be Int64 [B, T].", nameof(tokens));
        (long rows, long length) = (tokens.size(0), tokens.size(1));
        if (length < 1 || length > MaximumLength)
            throw new ArgumentException($"The sequences are {length} tokens long; this model takes 1 to {MaximumLength}.", nameof(tokens));
        var positions = wpe.weight.narrow(0, 0, length); // [T, C]
        var x = (wte.weight.index_select(0, tokens.reshape(-1)).view(rows, length, Config.Width) + positions).view(rows * length, Config.Width);
        foreach (var block in h)
        {
            x = block.Full(x, rows, length, out var keys, out var values);
            keep?.Invoke(keys, values);
        }

        return ln_f.forward(x); // [B * T, C]
    }

    private Tensor Head(Tensor hidden) => nn.functional.linear(hidden, wte.weight); // [N, C] -> [N, V]
}
