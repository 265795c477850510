using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Pretrained;

/// <summary>A policy to train and the frozen reference that it starts from, both from one directory:
/// <see cref="PretrainedCausalLm.WithReference"/>.</summary>
/// <remarks>
/// It owns what was made for it, the adapters or the copy of the weights; the <see cref="PretrainedCausalLm"/> stays the caller's and is
/// disposed of after it. Thread-safe as long as no thread changes the parameters.
/// </remarks>
public sealed class PolicyWithReference : IDisposable
{
    private readonly PretrainedCausalLm _start;
    private readonly CausalTransformer _made;

    /// <summary>A pair of the model and of one that was made from it.</summary>
    /// <param name="start">The model.</param>
    /// <param name="plain">The policy of the model.</param>
    /// <param name="made">The model with adapters, or its frozen copy; owned from here on.</param>
    /// <param name="tokenizer">The tokenizer of both policies.</param>
    internal PolicyWithReference(PretrainedCausalLm start, CausalLmPolicy plain, CausalTransformer made, ITokenizer tokenizer)
    {
        (_start, _made) = (start, made);
        HasAdapters = made.Lora is not null;
        var other = new CausalLmPolicy(made, tokenizer, plain.Options);
        (Policy, Reference) = HasAdapters ? (other, plain) : (plain, other);
    }

    /// <summary>pi_theta, which trains: its <see cref="CausalLmPolicy.Parameters"/> are the
    /// adapters where there are some, and all weights otherwise.</summary>
    public CausalLmPolicy Policy { get; }

    /// <summary>pi_ref, frozen: what a <see cref="Scorer"/> is given.</summary>
    public CausalLmPolicy Reference { get; }

    /// <summary>Whether adapters train and the weights are shared; otherwise the reference holds a copy of them.</summary>
    public bool HasAdapters { get; }

    /// <summary>The network of <see cref="Policy"/>, for checkpoints and <see cref="LoraExtensions.SaveLora"/>.</summary>
    public CausalTransformer Network => HasAdapters ? _made : _start.Model;

    /// <summary>Writes the policy as a directory of its own, adapters merged into the weights:
    /// <see cref="PretrainedCausalLm.Save(string, ScalarType?)"/>.</summary>
    /// <param name="directory">Path of the directory; a new one appears whole or not at all.</param>
    /// <param name="elementType">
    /// The element type of the weights in the files; null for that in memory,
    /// or for the wider of those of weights and adapters, so that nothing is rounded.
    /// </param>
    /// <exception cref="ArgumentException">The type is not one of floating-point numbers.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there is unchanged.</exception>
    public void Save(string directory, ScalarType? elementType = null)
    {
        if (!HasAdapters)
        {
            _start.Save(directory, elementType);
            return;
        }

        using var merged = _made.MergeLora();
        _start.Save(directory, merged, elementType);
    }

    /// <summary>Frees the adapters, or the copy of the weights.</summary>
    public void Dispose() => _made.Dispose();
}
