using System.Collections.Immutable;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>
/// A classifier of token sequences: one number for each label. Such as a sentiment classifier, or a reward model with one label.
/// </summary>
/// <remarks>
/// The logits of a sequence do not depend on what it is batched with, except for rounding: matrix products of other shapes may add in
/// another order, about 1e-6 of the largest logit. Several threads may run it at the same time as long as none changes its parameters.
/// </remarks>
public abstract class SequenceClassifier : nn.Module
{
    /// <summary>Creates the base of a classifier.</summary>
    /// <param name="name">The name of the module.</param>
    /// <param name="labels">The labels, at least one, in the order of the logits.</param>
    /// <param name="independentLabels">Whether each label is a yes-or-no question of its own.</param>
    /// <exception cref="ArgumentException">There is no label.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    protected SequenceClassifier(string name, IEnumerable<string> labels, bool independentLabels = false)
        : base(TorchRuntime.RequireBefore(name))
    {
        ArgumentNullException.ThrowIfNull(labels);
        Labels = [.. labels];
        if (Labels.Length == 0)
            throw new ArgumentException("A classifier has at least one label.", nameof(labels));
        IndependentLabels = independentLabels;
    }

    /// <summary>The names of the labels in the order of the logits (<c>id2label</c>).</summary>
    public ImmutableArray<string> Labels { get; }

    /// <summary>
    /// Whether each label is a yes-or-no question of its own (<c>problem_type</c> <c>multi_label_classification</c>), so that its
    /// probability is a sigmoid; otherwise the labels exclude each other, and their probabilities are a softmax.
    /// </summary>
    public bool IndependentLabels { get; }

    /// <summary>V, the number of token ids.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The longest sequence in tokens, special tokens included.</summary>
    public abstract int MaxLength { get; }

    /// <summary>How names in files relate to names in the module: they are the same.</summary>
    internal virtual WeightNames Names => new("", "", "");

    /// <summary>The logits of sequences with padding on either side, as Python's <c>model(input_ids, attention_mask)</c>.</summary>
    /// <param name="tokens">Tokens [B, T], int64, on the device of the parameters, padded on the left or on the right with any ids.</param>
    /// <param name="attentionMask">Numbers or truth values [B, T], 0 or false for padding.
    /// Positions count from the first token of a row.</param>
    /// <returns>A fresh tensor [B, labels], the caller's to dispose; it carries the gradient when the parameters ask for one.</returns>
    /// <exception cref="ArgumentException">A shape or type is another one, a row has no token or padding between its tokens, or the
    /// sequences are longer than <see cref="MaxLength"/>.</exception>
    public Tensor Logits(Tensor tokens, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var rows = new PaddedRows(tokens, attentionMask);
        return Logits(rows.Tokens, rows.Lengths).MoveToOuterDisposeScope();
    }

    /// <summary>The logits of sequences.</summary>
    /// <param name="tokens">Tokens [B, T], int64, right-padded, on the device of the parameters;
    /// what stands in the padding has no influence.</param>
    /// <param name="lengths">B lengths, each from 1 to T.</param>
    /// <returns>A fresh tensor [B, labels], the caller's to dispose; it carries the gradient when the parameters ask for one.</returns>
    /// <exception cref="ArgumentException">Shape, type or a length is another one,
    /// or the sequences are longer than <see cref="MaxLength"/>.</exception>
    public Tensor Logits(Tensor tokens, ReadOnlySpan<int> lengths)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.dim() != 2 || tokens.dtype != ScalarType.Int64 || tokens.size(0) != lengths.Length)
            throw new ArgumentException(
                $"The tokens are {tokens.dtype} {Shown.Shape(tokens.shape)} with {lengths.Length} lengths; they must be Int64 [B, T] with "
                    + $"B lengths.",
                nameof(tokens)
            );
        long length = tokens.size(1);
        if (length < 1 || length > MaxLength)
            throw new ArgumentException(
                $"The sequences are {length} tokens long; this classifier takes 1 to {MaxLength} "
                    + "(max_position_embeddings or n_positions of its configuration).",
                nameof(tokens)
            );
        for (int row = 0; row < lengths.Length; row++)
        {
            if (lengths[row] < 1 || lengths[row] > length)
                throw new ArgumentException($"Length {row} is {lengths[row]}; it must be 1 to {length}.", nameof(lengths));
        }

        using var scope = NewDisposeScope();
        return Classify(tokens, lengths).MoveToOuterDisposeScope();
    }

    /// <summary>The place of a label among the logits.</summary>
    /// <param name="label">A name in <see cref="Labels"/>, case included.</param>
    /// <returns>The index, from 0.</returns>
    /// <exception cref="ArgumentException">No label, or more than one, has this name; the message names them all.</exception>
    public int IndexOf(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        int index = Labels.IndexOf(label);
        return index >= 0 && Labels.LastIndexOf(label) == index
            ? index
            : throw new ArgumentException(
                $"{(index < 0 ? "No label" : "More than one label")} of {GetName()} is '{label}'; its labels are "
                    + $"{string.Join(", ", Labels)}.",
                nameof(label)
            );
    }

    /// <summary>The logits of sequences whose shapes have been checked; called inside a dispose scope of its own.</summary>
    /// <param name="tokens">Tokens [B, T], int64, right-padded.</param>
    /// <param name="lengths">B lengths, each from 1 to T.</param>
    /// <returns>A tensor [B, labels].</returns>
    protected abstract Tensor Classify(Tensor tokens, ReadOnlySpan<int> lengths);
}
