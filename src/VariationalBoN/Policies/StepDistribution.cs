using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>What tokens are drawn from, step by step, for the rows of one decoding;
/// by default the next-token distribution of the model alone. Not thread-safe.</summary>
internal class StepDistribution(CausalModel model, NextTokenDistribution distribution, GenerationOptions options) : IDisposable
{
    /// <summary>The model that is decoded.</summary>
    protected CausalModel Model => model;

    /// <summary>What its logits become.</summary>
    protected NextTokenDistribution Distribution => distribution;

    /// <summary>Starts decoding; what it gives at each step is what <see cref="Probabilities"/> takes.</summary>
    /// <param name="prompts">Their tokens.</param>
    /// <param name="additionalTokens">The most tokens that a row will be given.</param>
    /// <param name="beside">A decoding that rows of this one will be added to; null where there is none yet.</param>
    /// <param name="output">What follows the prompts.</param>
    internal virtual IDecoding Start(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        int additionalTokens,
        IDecoding? beside,
        out Tensor output
    ) => model.StartDecoding(prompts, additionalTokens, options.UseCache, beside, out output);

    /// <summary>Probabilities [rows, V] of the next token, up to a factor for each row.</summary>
    internal virtual Tensor Probabilities(Tensor output) => distribution.Probabilities(output);

    /// <summary>Whether rows that have ended leave at once: where what follows their end, token 0, may not be asked about.</summary>
    internal virtual bool DropsEndedAtOnce => false;

    /// <summary>Goes on with some of the rows, each any number of times.</summary>
    internal virtual void SelectRows(ReadOnlySpan<int> rows) { }

    /// <summary>Told the token that each row goes on with, int64 [rows].</summary>
    internal virtual void Append(Tensor tokens) { }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) { }
}
