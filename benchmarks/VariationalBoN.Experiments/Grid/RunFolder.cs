using System.Text.Json;
using System.Text.Json.Nodes;
using SentimentControl.Datasets;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The JSON files of a folder of runs, each written whole or not at all. Stateless.</summary>
internal static class RunFolder
{
    private const string ManifestFile = "made-with.json";

    /// <summary>Makes the folder, or sees that what is in it was made with the same.</summary>
    /// <exception cref="InvalidDataException">It was not; the message names what differs.</exception>
    public static void Require(string folder, object madeWith)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, ManifestFile);
        var wanted = (JsonObject)JsonSerializer.SerializeToNode(madeWith, RunRecord.Json)!;
        if (Read<JsonObject>(path) is not JsonObject found)
        {
            if (Directory.EnumerateFiles(folder, "*.json").Any())
                throw new InvalidDataException(
                    $"{folder} holds runs, but no {ManifestFile} that says what they were made with. Give another folder with --output, "
                        + $"or delete this one."
                );
            Write(path, wanted);
            return;
        }

        string[] differences = [.. Differences(found, wanted, "")];
        if (differences.Length > 0)
            throw new InvalidDataException(
                $"{folder} holds runs that were made with something else: {string.Join(", ", differences)}. Give another folder with "
                    + $"--output, or delete this one."
            );
    }

    /// <summary>The sizes of a run as they stand in its files.</summary>
    /// <param name="settings">The sizes.</param>
    /// <param name="whole">Whether every method is run at each N.</param>
    public static JsonObject Describe(RunSettings settings, bool whole)
    {
        var sizes = (JsonObject)JsonSerializer.SerializeToNode(settings, RunRecord.Json)!;
        sizes.Remove("valuedSteps"); // of the main sample's default run alone: the grid has variations and heads of its own
        sizes.Remove("head"); // each run's file says what its own are
        sizes.Remove("guidance");
        sizes["wholeGrid"] = whole;
        return sizes;
    }

    /// <summary>Reads a file; null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message names it.</exception>
    public static T? Read<T>(string path)
        where T : class
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), RunRecord.Json);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is damaged: {e.Message} Delete it to have it made again.", e);
        }
    }

    public static void Write<T>(string path, T content)
    {
        string temporary = path + ".tmp";
        File.WriteAllText(temporary, JsonSerializer.Serialize(content, RunRecord.Json));
        File.Move(temporary, path, overwrite: true);
    }

    private static IEnumerable<string> Differences(JsonObject found, JsonObject wanted, string prefix) =>
        found
            .Select(pair => pair.Key)
            .Union(wanted.Select(pair => pair.Key))
            .SelectMany(name =>
                (found[name], wanted[name]) switch
                {
                    (JsonObject before, JsonObject now) => Differences(before, now, $"{prefix}{name}."),
                    var (before, now) => JsonNode.DeepEquals(before, now)
                        ? []
                        : new[] { $"{prefix}{name} {before?.ToJsonString() ?? "unknown"} instead of {now?.ToJsonString() ?? "unknown"}" },
                }
            );
}
