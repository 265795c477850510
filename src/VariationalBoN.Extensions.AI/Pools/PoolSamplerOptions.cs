using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>What servers of a pool draw from, and how that is checked. Immutable,
/// thread-safe. Checked where it is used, all faults in one message.</summary>
[Experimental(ExperimentalIds.Pools)]
public sealed record PoolSamplerOptions
{
    /// <summary>The name that the servers know the model by, such as vLLM's --served-model-name.</summary>
    /// <value>Required.</value>
    public required string Model { get; init; }

    /// <summary>The HTTP protocol of the servers.</summary>
    /// <value>Default <see cref="PoolProtocol.Completions"/>, that of vLLM.</value>
    public PoolProtocol Protocol { get; init; }

    /// <summary>
    /// A local copy of what is drawn from: the same weights with the same settings. The first completions of each server, and of a
    /// server that comes back after it was away, are compared with it before any completion of that server is used. Its identity is that
    /// of the draws. With top-k or top-p it reads every completion, and a completion to which it gives no probability is drawn again.
    /// </summary>
    /// <value>Default null: <see cref="UncheckedIdentity"/> is needed.</value>
    public IPolicy? LocalCopy { get; init; }

    /// <summary>
    /// In place of <see cref="LocalCopy"/>: the identity of the model, by which you state that the servers hold it, without a check.
    /// It must change with the weights. Tokenizer, lengths, stop tokens and everything else that changes the distribution are added
    /// to it; a setting that it has already must have the value in use. Then log pi of a completion is what its server returns.
    /// </summary>
    /// <value>Default null: <see cref="LocalCopy"/> is needed.</value>
    public ModelIdentity? UncheckedIdentity { get; init; }

    /// <summary>The most nats a token by which log-probabilities of a server may differ from those of the local
    /// copy on average, and by which draws that are drawn again may change the distribution; above 0.</summary>
    /// <value>Default 0.01. A server in bfloat16 is about 0.001 off a copy in float32.</value>
    public double MaxDrift { get; init; } = 0.01;

    /// <summary>How many completions of each server are compared with the local
    /// copy, at least 8; they are drawn for that and thrown away.</summary>
    /// <value>Default 128: with 16 tokens each, they are enough to tell a temperature of 0.7 from 1. The
    /// copy reads them 7 times at most, and some 20 times more to find which setting is wrong.</value>
    public int CheckedCompletions { get; init; } = 128;

    /// <summary>The most requests under way, each for one completion, at least 1.</summary>
    /// <value>Default null: as many as the servers take.</value>
    public int? MaxConcurrency { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate(GenerationOptions generation, int vocabularySize)
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(Model))
            faults.Add("Model is blank; name the model as the servers do");
        if (!Enum.IsDefined(Protocol))
            faults.Add($"Protocol is {Protocol}, which is not a {nameof(PoolProtocol)}");
        if (LocalCopy is null == UncheckedIdentity is null)
        {
            faults.Add(
                LocalCopy is null
                    ? "neither LocalCopy nor UncheckedIdentity is set; give a local copy, which the servers are compared with, or, "
                        + "where there is none, UncheckedIdentity"
                    : "LocalCopy and UncheckedIdentity are both set; with a copy leave UncheckedIdentity out, the copy has an identity"
            );
        }

        bool truncates = !generation.HasFullSupport(vocabularySize);
        if (UncheckedIdentity is not null && truncates)
            faults.Add(
                "TopK or TopP is set with UncheckedIdentity; servers give log-probabilities without truncation, so that log pi would not "
                    + "be known. Draw from all tokens, or give a LocalCopy of these settings"
            );
        if (LocalCopy is not null && truncates == LocalCopy.HasFullSupport)
            faults.Add(
                truncates
                    ? "TopK or TopP is set, and LocalCopy draws from all tokens; give a copy of these settings"
                    : "LocalCopy truncates its distribution, and neither TopK nor TopP is set; give a copy of these settings"
            );
        if (UncheckedIdentity is not null && generation.Temperature != 1)
            faults.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"UncheckedIdentity is set with temperature {generation.Temperature}; servers give "
                )
                    + "the log-probabilities of temperature 1, so that log pi would not be known. Draw at temperature 1, or give a "
                    + "LocalCopy"
            );
        if (UncheckedIdentity is not null && Protocol == PoolProtocol.LlamaCpp)
            faults.Add(
                "UncheckedIdentity is set with llama.cpp's server, which gives no log-probability of a token that ends within a character, "
                    + "so that log pi would not be known. Give a LocalCopy"
            );
        if (Protocol == PoolProtocol.LlamaCpp && generation.StopTokens.Length > 1)
            faults.Add(
                $"StopTokens has {generation.StopTokens.Length} tokens, and llama.cpp's server stops only at the stop token of the model; "
                    + "give that one"
            );
        if (!(MaxDrift > 0 && MaxDrift < double.PositiveInfinity))
            faults.Add(FormattableString.Invariant($"MaxDrift is {MaxDrift}; it must be above 0 and finite"));
        if (CheckedCompletions < 8)
            faults.Add($"CheckedCompletions is {CheckedCompletions}; it must be at least 8");
        if (MaxConcurrency < 1)
            faults.Add($"MaxConcurrency is {MaxConcurrency}; it must be at least 1, or null");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the pool's sampler are not usable: {string.Join("; ", faults)}.");
    }
}
