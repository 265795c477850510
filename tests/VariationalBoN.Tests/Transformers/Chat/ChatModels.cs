using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VariationalBoN.Tests.Transformers.ChatTemplates;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Transformers.Chat;

/// <summary>Tiny chat models: golden directories with a template, and a tokenizer that has the special tokens of every family.</summary>
internal static partial class ChatModels
{
    public const string Llama3 =
        "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>{% "
        + "endfor %}"
        + "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";

    public const string ChatMl =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    /// <summary>What templates of families write as special tokens, and what cases give as such.</summary>
    public static string[] FamilyTokens { get; } =
    [
        .. GoldenChat
            .Templates.Values.Where(template => template.Group == "family")
            .SelectMany(template => Written().Matches(template.Source))
            .Select(match => match.Value)
            .Concat([
                "<s>",
                "</s>",
                "<bos>",
                "<eos>",
                "<unk>",
                "<BOS_TOKEN>",
                "<|endoftext|>",
                "<|eot_id|>",
                "<|begin_of_text|>",
                "<|startoftext|>",
                "<｜begin▁of▁sentence｜>",
            ])
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    public static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);

    /// <summary>A copy of a golden directory with a chat template.</summary>
    public static string Directory(string folder, string name, string template)
    {
        string directory = Path.Combine(folder, name);
        System.IO.Directory.CreateDirectory(directory);
        foreach (string file in System.IO.Directory.GetFiles(Golden(name)))
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(directory, "chat_template.jinja"), template);
        return directory;
    }

    /// <summary>The tokenizer of golden qwen2 with more special tokens, changed as asked.</summary>
    public static HuggingFaceTokenizer Tokenizer(
        IEnumerable<string> more,
        Action<JsonObject>? change = null,
        bool normalized = false,
        Action<JsonObject>? config = null
    )
    {
        string folder = System.IO.Directory.CreateTempSubdirectory("family-tokenizer").FullName;
        try
        {
            JsonObject json = JsonNode.Parse(File.ReadAllText(Path.Combine(Golden("qwen2"), "tokenizer.json")))!.AsObject();
            JsonArray added = json["added_tokens"]!.AsArray();
            int next = added.Max(token => (int)token!["id"]!);
            foreach (string token in more.Except(added.Select(token => (string)token!["content"]!)).ToArray())
            {
                added.Add(
                    (JsonNode)
                        new JsonObject
                        {
                            ["id"] = ++next,
                            ["content"] = token,
                            ["single_word"] = false,
                            ["lstrip"] = false,
                            ["rstrip"] = false,
                            ["normalized"] = normalized,
                            ["special"] = true,
                        }
                );
            }

            change?.Invoke(json);
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json.ToJsonString());
            JsonObject settings = JsonNode.Parse(File.ReadAllText(Path.Combine(Golden("qwen2"), "tokenizer_config.json")))!.AsObject();
            config?.Invoke(settings);
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), settings.ToJsonString());
            return HuggingFaceTokenizer.Load(folder, next + 1);
        }
        finally
        {
            System.IO.Directory.Delete(folder, recursive: true);
        }
    }

    public static Prompt Conversation(params (string Role, string Content)[] messages) =>
        Prompt.Conversation(MessageInputs.Of(messages).Messages.ToJsonString());

    [GeneratedRegex(@"<\|[^|<>\s{}'""]+\|>|<｜[^｜]+｜>|<(start|end)_of_\w+>|\[/?[A-Z_]{2,}\]")]
    private static partial Regex Written();
}
