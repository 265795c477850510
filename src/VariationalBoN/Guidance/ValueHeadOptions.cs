using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace VariationalBoN.Guidance;

/// <summary>Shape and training of a <see cref="ValueHead"/>. Immutable, thread-safe.</summary>
[Experimental(ExperimentalIds.Guidance)]
public sealed record ValueHeadOptions
{
    internal const int MostLayers = 64;
    private readonly LayerList _referenceLayers = new([]);

    /// <summary>B, the number of bins of F whose probabilities the head predicts, at least 2.</summary>
    /// <value>Default 24.</value>
    public int Bins { get; init; } = 24;

    /// <summary>How much finer bins are towards F = 1: edges 1 - (1 - k / B)^power; at least 1, which makes them equal.</summary>
    /// <value>Default 2.5.</value>
    public double Power { get; init; } = 2.5;

    /// <summary>Units of each hidden layer, at least 1.</summary>
    /// <value>Default 64.</value>
    public int Width { get; init; } = 64;

    /// <summary>Hidden layers behind each of the two predicted distributions of F (from a prefix, and from a
    /// prefix with its next token), at least 1; from the second on each is added to the one before it.</summary>
    /// <value>Default 3.</value>
    public int Layers { get; init; } = 3;

    /// <summary>Running sums over the tokens of an answer, at least 1.</summary>
    /// <value>Default 8.</value>
    public int Sums { get; init; } = 8;

    /// <summary>Running sums beside them that forget: what one holds is multiplied at each token by a gate between 0 and 1 that depends on
    /// the tokens and on what the reference reads; at least 0.</summary>
    /// <remarks>They carry what came last and what is near.</remarks>
    /// <value>Default 8.</value>
    public int Forgetting { get; init; } = 8;

    /// <summary>Stages of running sums, 1 or 2: what a token adds to a sum of the
    /// second depends on the sums of the first before it.</summary>
    /// <remarks>For rewards of order: whether one word came before another.
    /// On a reward that is a sum over words no gain was measured.</remarks>
    /// <value>Default 1.</value>
    public int Stages { get; init; } = 1;

    /// <summary>
    /// Layers of the reference whose hidden states the head reads beside the last, each once and in ascending order: 0 is what the first
    /// block reads, l what block l left in the residual stream (<see cref="Policies.ILayerDecoder"/>). They are read at mean 0 and
    /// variance 1.
    /// </summary>
    /// <remarks>The last hidden states serve to predict the next token; what decides a reward may be found in middle
    /// layers. Each layer costs the head C inputs, and as many bytes of <see cref="HiddenStateBytes"/> again.</remarks>
    /// <value>Default none: the last hidden states alone.</value>
    public ImmutableArray<int> ReferenceLayers
    {
        get => _referenceLayers.Values;
        init => _referenceLayers = new LayerList(value.IsDefault ? [] : value);
    }

    /// <summary>Numbers of each prefix that the head reads beside the hidden states; null for none. The
    /// file of a head holds only its identity: give the same to <see cref="ValueHead.Load"/>.</summary>
    /// <remarks>Two options are equal only where this is the same object, or equal by its own <c>Equals</c>.</remarks>
    /// <value>Default null: none.</value>
    [JsonIgnore]
    public IPrefixReward? PrefixReward { get; init; }

    /// <summary>Passes over the samples, at least 1.</summary>
    /// <value>Default 12.</value>
    public int Epochs { get; init; } = 12;

    /// <summary>Answers of one step, at least 1.</summary>
    /// <value>Default 64.</value>
    public int AnswersPerStep { get; init; } = 64;

    /// <summary>The peak of the learning rate, which falls to 0 as a cosine; finite, above 0.</summary>
    /// <value>Default 0.01.</value>
    public double LearningRate { get; init; } = 1e-2;

    /// <summary>lambda: how much of what a prefix learns comes from the end of the
    /// answer rather than from the next prefix; 0 to 1.</summary>
    /// <value>Default 0.8.</value>
    public double Lambda { get; init; } = 0.8;

    /// <summary>How much the values themselves count in the loss, beside the distribution of F; finite, at least 0.</summary>
    /// <value>Default 0.3.</value>
    /// <remarks>
    /// The mean over N = 4, 16 and 64, as far as the samples tell them, of v - w log v: v the value E[w] that the head predicts, w what it
    /// is taught. Its expectation is least where v is exact, and it weighs an error of log v by how often Best-of-N is there,
    /// where the distribution of F weighs by how often the reference is.
    /// </remarks>
    public double ValueWeight { get; init; } = 0.3;

    /// <summary>The most bytes of hidden states that are kept during training; beyond, they are computed anew in each pass.</summary>
    /// <value>Default 1 GiB.</value>
    public long HiddenStateBytes { get; init; } = 1L << 30;

    /// <summary>Fixes the initial values and the order of the samples.</summary>
    /// <value>Default 0.</value>
    public long Seed { get; init; }

    /// <summary>The numbers that a stage carries.</summary>
    internal int State => Sums + Forgetting;

    /// <summary>Whether the layers of the reference can be layers at all.</summary>
    internal bool HasSoundLayers => _referenceLayers.IsSound;

    /// <summary>Throws one exception that names every fault.</summary>
    internal void Validate()
    {
        var faults = new List<string>();
        Require(Bins >= 2, nameof(Bins), Bins, "be at least 2");
        Require(Power >= 1 && double.IsFinite(Power), nameof(Power), Power, "be finite and at least 1");
        Require(
            RankBins.LastIsThere(Bins, Power) || Bins < 2 || !(Power >= 1),
            nameof(Power),
            Power,
            $"not make the last bin empty, of {Bins}; lower {nameof(Bins)} or {nameof(Power)}"
        );
        Require(Width >= 1, nameof(Width), Width, "be at least 1");
        Require(Layers is >= 1 and <= MostLayers, nameof(Layers), Layers, $"be 1 to {MostLayers}");
        Require(Sums >= 1, nameof(Sums), Sums, "be at least 1");
        Require(Forgetting >= 0, nameof(Forgetting), Forgetting, "be at least 0");
        Require(Stages is 1 or 2, nameof(Stages), Stages, "be 1 or 2");
        if (!HasSoundLayers)
            faults.Add(
                $"{nameof(ReferenceLayers)} is {_referenceLayers}, it must name layers from 0 to {LayerList.Most}, each once and in "
                    + $"ascending order"
            );
        Require(PrefixReward is null or { Count: >= 1 }, $"{nameof(PrefixReward)}.Count", PrefixReward?.Count ?? 0, "be at least 1");
        Require(Epochs >= 1, nameof(Epochs), Epochs, "be at least 1");
        Require(AnswersPerStep >= 1, nameof(AnswersPerStep), AnswersPerStep, "be at least 1");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "be finite and above 0");
        Require(Lambda is >= 0 and <= 1, nameof(Lambda), Lambda, "be 0 to 1");
        Require(ValueWeight >= 0 && double.IsFinite(ValueWeight), nameof(ValueWeight), ValueWeight, "be finite and at least 0");
        Require(HiddenStateBytes >= 0, nameof(HiddenStateBytes), HiddenStateBytes, "be at least 0");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the value head are faulty: {string.Join("; ", faults)}.");

        void Require(bool holds, string name, IFormattable value, string rule)
        {
            if (!holds)
                faults.Add($"{name} is {value.ToString(null, System.Globalization.CultureInfo.InvariantCulture)}, it must {rule}");
        }
    }
}
