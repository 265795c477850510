using System.Globalization;
using VariationalBoN.Internal;
using VariationalBoN.Policies;

namespace VariationalBoN.References;

/// <summary>
/// What a store says of itself, as pairs of texts: where its rewards come from,
/// and by which version of this library. Stateless, thread-safe.
/// </summary>
internal static class StoreFacts
{
    /// <summary>How the texts of completions come from their tokens; another version's samples are not mixed with these.</summary>
    public const string DecodingVersion = CompletionText.Version;

    private const string Library = "library",
        Decoding = "decoding",
        Reference = "reference",
        RewardModel = "reward_model";
    private const string Scoring = "scoring",
        Seed = "seed",
        MoreSeeds = "more_seeds";

    /// <summary>Under which execution all samples of the store were drawn; there where bits are promised.</summary>
    public const string Execution = "execution";

    /// <summary>The version of this library.</summary>
    public static string ThisLibrary => LibraryVersion.Text;

    /// <summary>The facts of a new store.</summary>
    public static KeyValuePair<string, string>[] Of(ReferenceProvenance? provenance)
    {
        KeyValuePair<string, string>[] own = [new(Library, ThisLibrary), new(Decoding, DecodingVersion)];
        if (provenance is null)
            return own;
        KeyValuePair<string, string>[] from =
        [
            .. own,
            new(Reference, provenance.Origin.Reference.ToJson()),
            new(RewardModel, provenance.Origin.RewardModel.ToJson()),
            new(Scoring, provenance.Origin.Scoring.ToJson()),
            new(Seed, provenance.Seed.ToString(CultureInfo.InvariantCulture)),
            .. provenance.Execution is { } execution ? [new(Execution, execution.ToJson())] : (KeyValuePair<string, string>[])[],
        ];
        IEnumerable<string> more = provenance.MoreSeeds.Select(seed => seed.ToString(CultureInfo.InvariantCulture));
        return provenance.MoreSeeds.IsEmpty ? from : [.. from, new(MoreSeeds, string.Join(' ', more))];
    }

    /// <summary>The version of the library that made a store.</summary>
    public static string LibraryOf(IReadOnlyDictionary<string, string> facts) => facts.GetValueOrDefault(Library, "unknown");

    /// <summary>Where the rewards of a store come from; null when it does not say.</summary>
    /// <exception cref="InvalidDataException">It says so in a way that this library does not.</exception>
    public static ReferenceProvenance? Read(IReadOnlyDictionary<string, string> facts, string path)
    {
        if (!facts.ContainsKey(Reference) && !facts.ContainsKey(RewardModel))
            return null;
        string key = Reference;
        try
        {
            return new ReferenceProvenance(
                new ScoringIdentity(Identity(Reference), Identity(RewardModel), Identity(Scoring)),
                Number(Fact(Seed))
            )
            {
                Execution = facts.ContainsKey(Execution) ? Identity(Execution) : null,
                MoreSeeds = facts.ContainsKey(MoreSeeds) ? [.. Fact(MoreSeeds).Split(' ').Select(Number)] : [],
            };
        }
        catch (FormatException e)
        {
            throw new InvalidDataException(
                $"{path} is damaged: \"{key}\" of its table store cannot be read: {e.Message} Take the file from its source again.",
                e
            );
        }

        ModelIdentity Identity(string name) => ModelIdentity.Parse(Fact(name));

        string Fact(string name) => facts.TryGetValue(key = name, out string? value) ? value : throw new FormatException("it is missing.");

        static long Number(string text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                ? number
                : throw new FormatException($"\"{text}\" is no seed.");
    }

    /// <summary>What of a store differs from what it is used with, but for the execution; none when nothing does.</summary>
    /// <param name="facts">The facts of the store.</param>
    /// <param name="path">Its file.</param>
    /// <param name="here">Where the rewards come from that it is used with.</param>
    /// <param name="storeName">The store, for messages.</param>
    /// <param name="hereName">What it is used with, for messages.</param>
    /// <exception cref="InvalidDataException">The store's provenance cannot be read.</exception>
    public static IEnumerable<string> Differences(
        IReadOnlyDictionary<string, string> facts,
        string path,
        ReferenceProvenance? here,
        string storeName = "the store",
        string hereName = "what it is used with"
    )
    {
        string decoding = facts.GetValueOrDefault(Decoding, "unknown");
        IEnumerable<string> differences = ReferenceProvenance.Differences(Read(facts, path), here, storeName, hereName);
        return decoding == DecodingVersion
            ? differences
            : differences.Append(
                $"the texts of {storeName} were decoded in version {decoding}, here they are in version {DecodingVersion}, "
                    + "so the rewards are of other texts: draw the samples anew, into another store"
            );
    }
}
