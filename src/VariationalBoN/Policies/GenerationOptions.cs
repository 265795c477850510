using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using VariationalBoN.Policies;

namespace VariationalBoN;

/// <summary>How a <see cref="CausalLmPolicy"/> turns logits into completions. The options up to
/// <see cref="PromptsHaveSpecialTokens"/> are part of the distribution it defines; the others are not.</summary>
/// <remarks>Immutable, so safe to share between threads. Checked once, when a policy is made.</remarks>
public sealed record GenerationOptions
{
    /// <summary>The most tokens of a completion, stop token included, at least 1.</summary>
    /// <value>Default 64.</value>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>Logits are divided by this before the softmax; above 0.</summary>
    /// <value>Default 1, the model's own distribution.</value>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k most probable tokens, the lower id among equals.</summary>
    /// <value>Default null: all.</value>
    public int? TopK { get; init; }

    /// <summary>
    /// Keeps the fewest tokens, most probable first, whose probability (after temperature and <see cref="TopK"/>) reaches this; in (0, 1].
    /// </summary>
    /// <value>Default null: all, as with 1.</value>
    public double? TopP { get; init; }

    /// <summary>The ids that end a completion; each belongs to the completion it ends.</summary>
    /// <value>Default none: every completion has <see cref="MaxNewTokens"/> tokens.</value>
    public ImmutableArray<int> StopTokens { get; init; } = [];

    /// <summary>
    /// Whether prompts have their special tokens already, as the output of a chat template has:
    /// then the tokenizer puts none around them, where it would begin each with a second BOS.
    /// </summary>
    /// <value>Default false.</value>
    public bool PromptsHaveSpecialTokens { get; init; }

    /// <summary>The longest sequence, prompt and completion together, that the module takes.</summary>
    /// <value>Default null: the module is asked, and where it does not say the caller is trusted.</value>
    public int? ContextLength { get; init; }

    /// <summary>The most sequences in one pass of the module, at least 1:
    /// what bounds the memory of large batches. Does not change the distribution.</summary>
    /// <value>Default 64.</value>
    public int RowsPerBatch { get; init; } = 64;

    /// <summary>
    /// The most completions of a unit, at least 1. A call is cut into units of whole prompts, or, where one prompt has more samples than a
    /// unit, of ranges of its samples. Within a unit waiting completions take the places of finished ones, up to <see cref="RowsPerBatch"/>
    /// at a time; the last of a unit leave places empty. Does not change the distribution. A <see cref="Guidance.GuidedPolicy"/> takes
    /// <see cref="RowsPerBatch"/> in its place and never refills.
    /// </summary>
    /// <value>
    /// Default null: 16 times <see cref="RowsPerBatch"/>. Where the cuts are depends on this and on the samples a prompt, so that equal
    /// units give equal bits, alone or among others. Units are also what <see cref="DegreeOfParallelism"/> shares among threads:
    /// a call of fewer than that many leaves threads idle.
    /// </value>
    public int? RowsPerUnit { get; init; }

    /// <summary>Whether decoding keeps keys and values where the module offers it (<see cref="ICachedDecoder"/>).
    /// Changes results by rounding alone.</summary>
    /// <value>Default true.</value>
    public bool UseCache { get; init; } = true;

    /// <summary>
    /// The number of threads that <see cref="CausalLmPolicy.Sample"/> shares units (<see cref="RowsPerUnit"/>) among, at least 1. They run
    /// besides libtorch's own threads: for small models set those to 1. Does not change results.
    /// </summary>
    /// <value>Default 1.</value>
    public int DegreeOfParallelism { get; init; } = 1;

    /// <summary>Receives a warning, once per policy, when prompts have their special tokens twice, which is usually a mistake.</summary>
    /// <value>Default null: nothing is said.</value>
    public ILogger? Logger { get; init; }

    /// <summary>The most completions of a unit.</summary>
    internal int RowsPerUnitOrDefault => RowsPerUnit ?? (int)Math.Min(16L * RowsPerBatch, int.MaxValue);

    /// <summary>Whether every token keeps a positive probability: neither top-k nor top-p leaves one out.</summary>
    /// <param name="vocabularySize">V, the number of tokens.</param>
    /// <returns>False where the distribution is truncated.</returns>
    public bool HasFullSupport(int vocabularySize) => (TopK is null || TopK >= vocabularySize) && TopP is null or 1;

    /// <summary>Refuses options out of range, as every policy does that is made with them.</summary>
    /// <param name="vocabularySize">V, the number of tokens.</param>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    public void Validate(int vocabularySize)
    {
        var faults = new List<string>();
        Require(MaxNewTokens >= 1, nameof(MaxNewTokens), MaxNewTokens, "be at least 1");
        Require(Temperature > 0 && double.IsFinite(Temperature), nameof(Temperature), Temperature, "be above 0 and finite");
        Require(TopK is null or >= 1, nameof(TopK), TopK, "be at least 1, or null");
        Require(TopP is null or (> 0 and <= 1), nameof(TopP), TopP, "be above 0 and at most 1, or null");
        Require(
            ContextLength is null || ContextLength > MaxNewTokens,
            nameof(ContextLength),
            ContextLength,
            "leave room for a prompt before MaxNewTokens tokens"
        );
        Require(RowsPerBatch >= 1, nameof(RowsPerBatch), RowsPerBatch, "be at least 1");
        Require(RowsPerUnit is null or >= 1, nameof(RowsPerUnit), RowsPerUnit, "be at least 1, or null");
        Require(DegreeOfParallelism >= 1, nameof(DegreeOfParallelism), DegreeOfParallelism, "be at least 1");
        if (StopTokens.IsDefault)
            faults.Add($"{nameof(StopTokens)} is the default array; use [] for none");
        else
        {
            foreach (int token in StopTokens)
                Require(token >= 0 && token < vocabularySize, nameof(StopTokens), token, $"hold ids from 0 to {vocabularySize - 1}");
        }

        if (faults.Count > 0)
            throw new ArgumentException($"The generation options are faulty: {string.Join("; ", faults)}.");

        void Require(bool holds, string name, IFormattable? value, string rule)
        {
            if (!holds)
                faults.Add($"{name} is {value?.ToString(null, CultureInfo.InvariantCulture) ?? "null"}, it must {rule}");
        }
    }

    /// <summary>The identity of completions that are drawn with these options: the identity of a model, with the
    /// options added that change the distribution, as in the identity of a <see cref="CausalLmPolicy"/>.</summary>
    /// <param name="model">The model that completions are drawn from. An option
    /// that its identity has already must have the value given here.</param>
    /// <returns>An identity with all of these options; <paramref name="model"/> itself where it has them already.</returns>
    /// <exception cref="ArgumentException">The identity has an option with another value; the message names each.</exception>
    public ModelIdentity Identify(ModelIdentity model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var told = model.Settings.ToDictionary(StringComparer.Ordinal);
        string[] others =
        [
            .. Settings
                .Where(setting => told.TryGetValue(setting.Name, out IdentityValue value) && value != setting.Value)
                .Select(setting => $"{setting.Name} is {told[setting.Name]} in it, here {setting.Value}"),
        ];
        if (others.Length > 0)
            throw new ArgumentException(
                $"The identity {model.Name} names other settings of the draws: {string.Join("; ", others)}. Give an identity with these "
                    + "settings, or that of the model without settings.",
                nameof(model)
            );
        (string, IdentityValue)[] missing = [.. Settings.Where(setting => !told.ContainsKey(setting.Name))];
        return missing.Length == 0
            ? model
            : new ModelIdentity(model.Name, [.. model.Settings.Select(setting => (setting.Key, setting.Value)), .. missing]);
    }

    /// <summary>What of the options makes one distribution another.</summary>
    internal (string Name, IdentityValue Value)[] Settings =>
        [
            ("max new tokens", MaxNewTokens),
            ("temperature", Temperature),
            ("top-k", TopK is int k ? k : "none"),
            ("top-p", TopP is double p ? p : "none"),
            ("stop tokens", string.Join(' ', StopTokens.Distinct().Order())),
            ("special tokens", PromptsHaveSpecialTokens ? "in the prompts" : "added"),
        ];
}
