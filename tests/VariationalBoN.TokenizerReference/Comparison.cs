using System.Text.Json;
using Tokenizers.DotNet;
using VariationalBoN.Transformers;

namespace VariationalBoN.TokenizerReference;

/// <summary>Runs one <c>tokenizer.json</c> through both engines.</summary>
internal static class Comparison
{
    private const int MostExamples = 5;

    internal static ComparisonResult Run(string file, int texts, int seed)
    {
        string name = $"{Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(file)))}/{Path.GetFileName(file)}";
        string folder = Directory.CreateTempSubdirectory("tokenizer").FullName;
        try
        {
            string alone = Path.Combine(folder, "tokenizer.json"); // without the settings beside it, of which the engine knows nothing
            File.Copy(file, alone);
            if (PrefixSpace(alone) is bool prefix)
                File.WriteAllText(
                    Path.Combine(folder, "tokenizer_config.json"),
                    $$"""{"add_prefix_space":{{(prefix ? "true" : "false")}}}"""
                );
            (var ours, string? refusal) = Load(() => HuggingFaceTokenizer.Load(folder, int.MaxValue));
            (var original, string? theirs) = Load(() => new Tokenizer(alone));
            using (original)
            {
                return ours is null || original is null
                    ? ComparisonResult.Refused(name, refusal, theirs)
                    : Compare(name, ours, original, new RandomTexts(Tokens(alone), seed), texts);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (T? Loaded, string? Refusal) Load<T>(Func<T> load)
        where T : class
    {
        try
        {
            return (load(), null);
        }
        catch (Exception e) when (e is InvalidDataException or TokenizerException)
        {
            return (null, e.Message);
        }
    }

    private static ComparisonResult Compare(string name, HuggingFaceTokenizer ours, Tokenizer original, RandomTexts random, int texts)
    {
        var examples = new List<string>();
        int ids = 0,
            decoded = 0;
        long characters = 0;
        for (int i = 0; i < texts; i++)
        {
            string text = random.Next();
            characters += text.Length;
            (int[]? theirIds, string? theirFault) = Try(() => original.Encode(text).Select(id => (int)id).ToArray());
            (int[]? ourIds, string? ourFault) = Try(() => ours.Encode(text).ToArray());
            if (theirIds is null != ourIds is null || theirIds is not null && !theirIds.SequenceEqual(ourIds!))
            {
                ids++;
                Example($"ids of {JsonSerializer.Serialize(text)}: {Shown(theirIds, theirFault)}, here {Shown(ourIds, ourFault)}");
            }

            if (theirIds is null)
                continue;
            int[] some = random.Part(theirIds);
            (string? theirText, _) = Try(() => original.Decode([.. some.Select(id => (uint)id)]));
            (string? ourText, _) = Try(() => ours.Decode(some));
            if (theirText != ourText)
            {
                decoded++;
                Example(
                    $"text of [{string.Join(' ', some)}]: {JsonSerializer.Serialize(theirText)}, here {JsonSerializer.Serialize(ourText)}"
                );
            }
        }

        return ComparisonResult.Of(name, random.Entries, texts, characters, ids, decoded, examples);

        void Example(string example)
        {
            if (examples.Count < MostExamples)
                examples.Add(example);
        }
    }

    private static (T? Value, string? Fault) Try<T>(Func<T> call)
        where T : class
    {
        try
        {
            return (call(), null);
        }
        catch (Exception e) when (e is InvalidOperationException or TokenizerException)
        {
            return (null, e.Message);
        }
    }

    private static string Shown(int[]? ids, string? fault) => ids is null ? $"\"{fault}\"" : $"[{string.Join(' ', ids)}]";

    /// <summary>What the file says of a space before the text, which transformers takes from its settings:
    /// here they say the same.</summary>
    private static bool? PrefixSpace(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return
            json.RootElement.TryGetProperty("pre_tokenizer", out var cutter)
            && cutter.ValueKind == JsonValueKind.Object
            && cutter.TryGetProperty("add_prefix_space", out var prefix)
            ? prefix.GetBoolean()
            : null;
    }

    /// <summary>All tokens of a file as they stand there: what random texts are made of, so that rare ones occur.</summary>
    private static List<string> Tokens(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var vocabulary = json.RootElement.GetProperty("model").GetProperty("vocab");
        List<string> tokens =
            vocabulary.ValueKind == JsonValueKind.Object ? [.. vocabulary.EnumerateObject().Select(entry => entry.Name)] : [];
        if (json.RootElement.TryGetProperty("added_tokens", out var added) && added.ValueKind == JsonValueKind.Array)
            tokens.AddRange(added.EnumerateArray().Select(token => token.GetProperty("content").GetString() ?? ""));
        return tokens;
    }
}
