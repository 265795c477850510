using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>
/// The one place where logits become the distribution of the next token, shared by sampling, log-probabilities and divergences so
/// that they cannot disagree: temperature, then top-k, then top-p.
/// </summary>
internal sealed class NextTokenDistribution(GenerationOptions options, int vocabularySize)
{
    /// <summary>What logits are divided by.</summary>
    internal double Temperature => options.Temperature;

    /// <summary>Distributions of equal settings, over one vocabulary, are equal.</summary>
    internal (double Temperature, int? TopK, double? TopP) Settings => (options.Temperature, options.TopK, options.TopP);

    /// <summary>Whether no token is cut away, so that the distribution is a softmax of the divided logits.</summary>
    internal bool HasFullSupport => options.HasFullSupport(vocabularySize);

    /// <summary>Probabilities [N, V] of logits [N, V], at least float32.</summary>
    internal Tensor Probabilities(Tensor logits) => Adjusted(logits).softmax(-1);

    /// <summary>Log-probabilities [N, V] of logits [N, V], at least float32; -infinity for truncated tokens.</summary>
    internal Tensor LogProbs(Tensor logits) => nn.functional.log_softmax(Adjusted(logits), -1);

    /// <summary>Log-probabilities [N] of the tokens [N] under logits [N, V].</summary>
    internal Tensor LogProbs(Tensor logits, Tensor tokens) =>
        nn.functional.cross_entropy(Adjusted(logits), tokens, reduction: nn.Reduction.None).neg();

    /// <summary>The element type in which probabilities of logits are computed: at least float32.</summary>
    internal static ScalarType WideType(ScalarType type) => type is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : type;

    private Tensor Adjusted(Tensor logits)
    {
        logits = logits.to(WideType(logits.dtype));
        if (options.Temperature != 1)
        {
            // held until the call returns, as all Scalars here: a collection may not free it meanwhile
            using Scalar temperature = options.Temperature;
            logits = logits.div(temperature);
        }

        return HasFullSupport ? logits : Truncate(logits);
    }

    private Tensor Truncate(Tensor logits)
    {
        using var scope = NewDisposeScope();
        using Scalar minusInfinity = double.NegativeInfinity,
            yes = true;
        Tensor excluded; // [N, V], in descending order of probability
        (var sorted, var order) = sort(logits.detach(), dim: -1, descending: true, stable: true);
        excluded = zeros_like(sorted, dtype: ScalarType.Bool);
        if (options.TopK is int k && k < vocabularySize)
            excluded.narrow(1, k, vocabularySize - k).fill_(yes);
        if (options.TopP is double p && p < 1)
        {
            using Scalar share = p;
            var probabilities = sorted.to(ScalarType.Float64).masked_fill(excluded, minusInfinity).softmax(-1);
            var before = probabilities.cumsum(-1) - probabilities;
            excluded = excluded.logical_or(before.ge(share)); // the first token is always kept: nothing stands before it
        }

        var mask = zeros_like(excluded).scatter(1, order, excluded);
        return logits.masked_fill(mask, minusInfinity).MoveToOuterDisposeScope();
    }
}
