using Microsoft.Extensions.Logging;

namespace VariationalBoN.References;

/// <summary>How a reference table is estimated.</summary>
/// <remarks>Immutable, thread-safe. Checked where it is used, all faults in one message.</remarks>
public sealed record ReferenceTableOptions
{
    /// <summary>M, the reference samples of each prompt, at least 1. The error of the target is about N / (4 M) nats.</summary>
    /// <value>Default 256.</value>
    public int SamplesPerPrompt { get; init; } = 256;

    /// <summary>Index of the first sample of each prompt, 0 or more: the samples drawn are FirstSample to FirstSample + M - 1. For
    /// processes that share the samples of one prompt.</summary>
    /// <value>Default 0.</value>
    public int FirstSample { get; init; }

    /// <summary>Fixes the draws, which are of purpose <see cref="DrawPurpose.Reference"/>.</summary>
    /// <value>Default 0.</value>
    public long Seed { get; init; }

    /// <summary>
    /// How many prompts are sampled at a time, at least 1: it bounds memory, and what is lost when
    /// the process is killed. Prompts that are done are scored and written while the rest are drawn.
    /// </summary>
    /// <value>Default 16.</value>
    public int PromptsPerBatch { get; init; } = 16;

    /// <summary>
    /// Cuts the samples of each prompt into ranges of this many, at least 1, which M and <see cref="FirstSample"/> must
    /// be multiples of. Then a block of <see cref="PromptsPerBatch"/> prompts and this many samples
    /// (<see cref="DrawBlock"/>) is drawn by itself, always whole. A run in one process, a run that was killed and goes
    /// on, and several processes that share the samples (<see cref="Shard"/>) then give the same samples to the last bit.
    /// </summary>
    /// <value>
    /// Default null: all that is missing of a prompt is drawn at once, and nothing twice; after a kill the rest of a batch is drawn beside
    /// fewer completions, which may change its last bits. Part of what the bits of a store depend on, as <see cref="PromptsPerBatch"/> is.
    /// </value>
    public int? SamplesPerBlock { get; init; }

    /// <summary>How many batches are drawn at once, at least 1: for sources that
    /// allow several calls at once, such as those of many machines.</summary>
    /// <value>Default 1. Does not change results.</value>
    public int BatchesAtOnce { get; init; } = 1;

    /// <summary>
    /// The file that keeps the samples as they are drawn (<see cref="ReferenceStore"/>), a store or nothing yet. What the store has is not
    /// drawn again, so a run that was stopped or killed goes on, and one with a larger M draws the difference.
    /// </summary>
    /// <value>Default null: the samples are kept in memory alone.</value>
    public string? Store { get; init; }

    /// <summary>How the store is written.</summary>
    /// <value>Default those of <see cref="ReferenceStoreOptions"/>.</value>
    public ReferenceStoreOptions Storage { get; init; } = new();

    /// <summary>Receives the progress whenever prompts are done, and with a store also at the start: what was found there.</summary>
    /// <value>Default null: nothing is reported.</value>
    public IProgress<ReferenceTableProgress>? Progress { get; init; }

    /// <summary>
    /// Receives what <see cref="Progress"/> receives, and one warning when nearly all samples are cut
    /// at the maximum length (<see cref="GenerationOptions.MaxNewTokens"/>), as soon as 32 are drawn.
    /// </summary>
    /// <value>Default null: nothing is said.</value>
    public ILogger? Logger { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (SamplesPerPrompt < 1)
            faults.Add($"SamplesPerPrompt (M) is {SamplesPerPrompt}; it must be at least 1");
        if (FirstSample < 0 || FirstSample > int.MaxValue - Math.Max(SamplesPerPrompt, 0))
            faults.Add($"FirstSample is {FirstSample}; it must be at least 0, and the last sample at most {int.MaxValue - 1}");
        if (PromptsPerBatch < 1)
            faults.Add($"PromptsPerBatch is {PromptsPerBatch}; it must be at least 1");
        if (SamplesPerBlock < 1)
            faults.Add($"SamplesPerBlock is {SamplesPerBlock}; it must be at least 1, or null");
        else if (SamplesPerBlock is int block && (SamplesPerPrompt % block != 0 || FirstSample % block != 0))
            faults.Add(
                $"SamplesPerBlock is {block}, SamplesPerPrompt (M) {SamplesPerPrompt} and FirstSample {FirstSample}; M and FirstSample "
                    + $"must be multiples of it, so that every block is whole"
            );
        if (BatchesAtOnce < 1)
            faults.Add($"BatchesAtOnce is {BatchesAtOnce}; it must be at least 1");
        if (faults.Count > 0)
            throw new ArgumentException($"The reference table options are not usable: {string.Join("; ", faults)}.");
        ArgumentNullException.ThrowIfNull(Storage);
        Storage.Validate();
    }
}
