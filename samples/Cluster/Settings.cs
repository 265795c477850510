using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cluster;

/// <summary>What all processes of a run share: a file in the folder of the run. Immutable.</summary>
internal sealed record Settings
{
    public required string Folder { get; init; }

    public required bool Plain { get; init; }

    public required int Steps { get; init; }

    public required int SamplesPerPrompt { get; init; }

    public required int TrainPrompts { get; init; }

    public required int HeldOutPrompts { get; init; }

    /// <summary>A connection to PostgreSQL, which knows the members of the cluster; null without.</summary>
    public string? Postgres { get; init; }

    /// <summary>A connection to Redis, which does; null without.</summary>
    public string? Redis { get; init; }

    /// <summary>Whether a database knows the members, and no primary silo, so that any process may die.</summary>
    [JsonIgnore]
    public bool HasDatabase => Postgres is not null || Redis is not null;

    /// <summary>The ports of the primary silo, or of none.</summary>
    public required Ports Primary { get; init; }

    public const double N = 8;
    public const long Seed = 1;
    public const int PromptsPerStep = 32,
        CompletionsPerPrompt = 4,
        PromptsPerBlock = 8,
        CompletionsPerPart = 32;

    /// <summary>The reference model, trained once.</summary>
    public string Model => Path.Combine(Folder, "reference.safetensors");

    /// <summary>A file with the name of the silo that came after the kill.</summary>
    public string Newcomer => Path.Combine(Folder, "newcomer");

    /// <summary>What tells the cluster of this run from others.</summary>
    public string ClusterId => Path.GetFileName(Folder);

    public static Settings Read(string file) => JsonSerializer.Deserialize<Settings>(File.ReadAllText(file))!;

    public string Write()
    {
        string file = Path.Combine(Folder, "settings.json");
        File.WriteAllText(file, JsonSerializer.Serialize(this));
        return file;
    }
}

/// <summary>The ports of a silo: between silos, and for clients.</summary>
internal sealed record Ports(int Silo, int Gateway);
