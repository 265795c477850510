using System.Collections.Immutable;
using System.Text.Json;
using VariationalBoN.Weights;

namespace VariationalBoN.Guidance;

/// <summary>What the header of a file says.</summary>
internal sealed record ValueHeadDescription(
    string Format,
    int Hidden,
    int Vocabulary,
    int Bins,
    double Power,
    int Width,
    int Sums,
    int Samples,
    string Reference,
    string? RewardModel,
    string? Scoring,
    ValueHeadOptions? Options = null,
    int Layers = 1,
    int Forgetting = 0,
    int Stages = 1,
    PrefixScale? Numbers = null
)
{
    /// <summary>The key of the header.</summary>
    public const string Key = "value_head";

    /// <summary>The format that is written.</summary>
    public const string Now = "VariationalBoN value head 2";

    private const string Earlier = "VariationalBoN value head 1"; // without sums that forget, stages and prefix rewards
    private const int MaxSize = 1 << 24;

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="InvalidDataException">It is no value head, or damaged.</exception>
    public static ValueHeadDescription Read(string path)
    {
        using var file = new WeightFile(path);
        try
        {
            if (
                file.Metadata.TryGetValue(Key, out string? json)
                && JsonSerializer.Deserialize<ValueHeadDescription>(json) is { Format: Now or Earlier } written
                && written.AsNow() is { IsSound: true } description
            )
            {
                _ = (ModelIdentity.Parse(description.Reference), description.Origin, description.PrefixReward);
                return description.Weights <= file.MostElements
                    ? description
                    : throw new InvalidDataException(
                        $"{path}: the header describes a value head of {description.Weights} weights; the file holds {file.MostElements}."
                    );
            }
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new InvalidDataException($"{path}: the description of the value head is damaged: {e.Message}", e);
        }

        throw new InvalidDataException(
            $"{path} is no value head of this version: its header does not say \"{Key}\" with the format \"{Now}\"."
        );
    }

    internal bool IsSound =>
        Size(Hidden)
        && Size(Vocabulary)
        && Size(Bins)
        && Bins >= 2
        && Size(Width)
        && Size(Sums)
        && Size(Samples)
        && Power >= 1
        && double.IsFinite(Power)
        && Layers is >= 1 and <= ValueHeadOptions.MostLayers
        && RankBins.LastIsThere(Bins, Power)
        && Reference is not null
        && (RewardModel is null) == (Scoring is null)
        && Forgetting is >= 0 and <= MaxSize
        && Stages is 1 or 2
        && Numbers is null or { IsSound: true }
        && (Options is null || (Shaped(Options) == Options && Options.HasSoundLayers));

    internal long Weights => ValueNetwork.Weights(Inputs, Vocabulary, Shaped(new ValueHeadOptions()));

    /// <summary>Layers of the reference that it reads beside the last hidden states;
    /// files of before there were any say nothing of them.</summary>
    internal ImmutableArray<int> ReferenceLayers => Options?.ReferenceLayers ?? [];

    /// <summary>U of all stages.</summary>
    internal int State => (Sums + Forgetting) * Stages;

    /// <summary>What the network reads of a prefix: hidden states and numbers.</summary>
    private long Inputs => (Hidden * (1L + ReferenceLayers.Length)) + (Numbers?.Mean.Length ?? 0);

    internal ScoringIdentity? Origin =>
        RewardModel is null || Scoring is null
            ? null
            : new ScoringIdentity(ModelIdentity.Parse(Reference), ModelIdentity.Parse(RewardModel), ModelIdentity.Parse(Scoring));

    private ModelIdentity? PrefixReward => Numbers is null ? null : ModelIdentity.Parse(Numbers.Identity);

    internal ValueNetwork Network(ValueHeadOptions options) =>
        new(checked((int)Inputs), Vocabulary, Shaped(options), new RankBins(Bins, Power));

    internal void RequireNumbers(string path, IPrefixReward? given)
    {
        if (PrefixReward == given?.Identity && Numbers?.Mean.Length == given?.Count)
            return;
        string differences =
            PrefixReward is { } wanted && given is not null && wanted != given.Identity
                ? $" ({string.Join("; ", wanted.Differences(given.Identity))})"
                : "";
        throw new InvalidDataException(
            $"{path}: the value head reads {Shown(PrefixReward, Numbers?.Mean.Length)}, given is {Shown(given?.Identity, given?.Count)}"
                + $"{differences}. Give the prefix reward that it was trained with, or train one anew."
        );

        static string Shown(ModelIdentity? identity, int? count) =>
            identity is null ? "no prefix reward" : FormattableString.Invariant($"the prefix reward {identity} of {count} numbers");
    }

    /// <summary>Refuses a reference of other sizes than the head was trained on.</summary>
    internal void RequireSizes(string path, int hidden, int vocabulary)
    {
        if ((Hidden, Vocabulary) != (hidden, vocabulary))
            throw new InvalidDataException(
                $"{path}: the header describes a value head of {Hidden} hidden states and {Vocabulary} tokens; the reference has {hidden} "
                    + $"and {vocabulary}. The file is damaged; train the head anew."
            );
    }

    /// <summary>The description in the format of now: what an earlier one does not say was not there,
    /// whatever is the default today.</summary>
    private ValueHeadDescription AsNow() =>
        Format == Earlier
            ? this with
            {
                Format = Now,
                Options = Options is null ? null : Options with { Forgetting = Forgetting, Stages = Stages },
            }
            : this;

    private ValueHeadOptions Shaped(ValueHeadOptions options) =>
        options with
        {
            Bins = Bins,
            Power = Power,
            Width = Width,
            Sums = Sums,
            Layers = Layers,
            Forgetting = Forgetting,
            Stages = Stages,
        };

    private static bool Size(int value) => value is >= 1 and <= MaxSize;
}
