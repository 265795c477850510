using System.Text;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Finds the chat template among the files of a model's directory.</summary>
internal sealed class TemplateFiles
{
    private const string DefaultName = "default";
    private const string ToolUseName = "tool_use";
    private const string JinjaFile = "chat_template.jinja";
    private const string MoreFolder = "additional_chat_templates";
    private const string JsonFile = "chat_template.json";
    private const string ConfigFile = "tokenizer_config.json";

    private readonly string directory;
    private readonly Dictionary<string, (string Source, string Place)> templates;

    private TemplateFiles(string directory, Dictionary<string, (string Source, string Place)> templates) =>
        (this.directory, this.templates) = (directory, templates);

    /// <summary>Whether there is any template.</summary>
    public bool Any => templates.Count > 0;

    /// <summary>The templates of a directory.</summary>
    public static TemplateFiles In(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!Directory.Exists(directory))
            throw new DirectoryNotFoundException($"There is no directory '{directory}'.");
        Dictionary<string, (string Source, string Place)> templates = Jinja(directory);
        if (templates.Count == 0)
            templates = Json(directory, JsonFile);
        return new TemplateFiles(directory, templates.Count > 0 ? templates : Json(directory, ConfigFile));
    }

    /// <summary>The template of that name; for no name the default one, with that for tools.</summary>
    public ChatTemplate Choose(string? name)
    {
        if (!Any)
        {
            throw new InvalidDataException(
                $"There is no chat template in '{directory}': neither {JinjaFile}, {MoreFolder}/*.jinja nor {JsonFile} is there, and "
                    + $"{Path.Combine(directory, ConfigFile)} has no 'chat_template'. Base models have none; give a template of your own: "
                    + $"{nameof(ChatTemplate)}.{nameof(ChatTemplate.Parse)}, {nameof(ChatTemplate.FromFile)} or "
                    + $"{nameof(ChatTemplate.FromFunction)}."
            );
        }
        if (!templates.TryGetValue(name ?? DefaultName, out (string Source, string Place) found))
        {
            string names = string.Join(", ", templates.Keys.Order(StringComparer.Ordinal));
            throw new InvalidDataException($"There is no chat template '{name ?? DefaultName}' in '{directory}'; it has {names}.");
        }
        var template = ChatTemplate.Parse(found.Source, found.Place);
        return name is null && templates.TryGetValue(ToolUseName, out (string Source, string Place) tools)
            ? template.WithToolUse(tools.Source, tools.Place)
            : template;
    }

    /// <summary>The text of a file; a byte order mark belongs to it, as in Python.</summary>
    public static string ReadText(string path)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(
                InputFile.ReadAll(path, InputFile.LongestConfig)
            );
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{path} is not UTF-8: {error.Message}", error);
        }
    }

    private static Dictionary<string, (string, string)> Jinja(string directory)
    {
        var templates = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        string more = Path.Combine(directory, MoreFolder);
        if (InputFile.Find(directory, JinjaFile) is string main)
            templates[DefaultName] = (ReadText(main), main);
        if (!Directory.Exists(more))
            return templates;
        foreach (
            string name in Directory.EnumerateFiles(more, "*.jinja").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
        )
        {
            if (InputFile.Find(directory, Path.Combine(MoreFolder, name)) is string path)
                templates[Path.GetFileNameWithoutExtension(path)] = (ReadText(path), path);
        }

        return templates;
    }

    private static Dictionary<string, (string, string)> Json(string directory, string name)
    {
        var templates = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        if (InputFile.Find(directory, name) is not string path)
            return templates;
        try
        {
            using JsonDocument document = JsonDocument.Parse(InputFile.ReadAll(path, InputFile.LongestTokenizerFile));
            if (
                document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("chat_template", out JsonElement found)
            )
                Add(found, path, templates);
            return templates;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is no JSON: {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException($"{path} holds half of a surrogate pair, which is no text.", error);
        }
    }

    private static void Add(JsonElement value, string path, Dictionary<string, (string, string)> templates)
    {
        if (value.ValueKind == JsonValueKind.String)
            templates[DefaultName] = (value.GetString()!, path);
        else if (value.ValueKind == JsonValueKind.Array)
            AddNamed(value, path, templates);
        else if (value.ValueKind != JsonValueKind.Null)
            throw new InvalidDataException($"{path}: 'chat_template' must be a text or a list of objects with 'name' and 'template'.");
    }

    private static void AddNamed(JsonElement list, string path, Dictionary<string, (string, string)> templates)
    {
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (
                entry.ValueKind != JsonValueKind.Object
                || !entry.TryGetProperty("name", out JsonElement name)
                || name.ValueKind != JsonValueKind.String
                || !entry.TryGetProperty("template", out JsonElement template)
                || template.ValueKind != JsonValueKind.String
            )
            {
                throw new InvalidDataException($"{path}: each entry of 'chat_template' must be an object with 'name' and 'template'.");
            }
            templates[name.GetString()!] = (template.GetString()!, $"{path} ('{name.GetString()}')");
        }
    }
}
