using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>What a <c>config.json</c> says of the head of a classifier: its labels and whether they exclude each other.</summary>
internal static class ClassifierLabels
{
    internal const string Architecture = "ForSequenceClassification";
    private const int Most = 100_000; // beyond any classifier: a number in a file must not decide how much is allocated
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
    private const string Independent = "multi_label_classification";

    /// <summary>Labels by <c>id2label</c>, else <c>LABEL_i</c> for <c>num_labels</c>, else two, as transformers does.</summary>
    internal static ImmutableArray<string> Read(ConfigReader keys)
    {
        int? count = keys.IntOrNull("num_labels");
        if (count is < 1 or > Most)
            throw new InvalidDataException($"num_labels is {count}; it must be 1 to {Most}");
        if (keys.Raw("id2label") is not JsonNode node)
        {
            string[] numbered = [.. Enumerable.Range(0, keys.Int("num_labels", 2)).Select(i => $"LABEL_{i}")];
            RequireInverse(keys.Raw("label2id"), numbered);
            return [.. numbered];
        }

        if (node is not JsonObject map || map.Count == 0)
            throw new InvalidDataException("id2label is not an object of labels by number");
        if (count is not null && count != map.Count)
            throw new InvalidDataException($"num_labels is {count}, but id2label has {map.Count} labels");
        var labels = new string[map.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = map[i.ToString(CultureInfo.InvariantCulture)] switch
            {
                JsonValue value when value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number => value.ToString(),
                _ => throw new InvalidDataException(
                    $"id2label has no label {i}; it must have a text for each number from 0 to {labels.Length - 1}"
                ),
            };
        }

        RequireInverse(keys.Raw("label2id"), labels);
        return [.. labels];
    }

    /// <summary>Refuses a <c>label2id</c> that contradicts the labels: which of the two is right, nothing here can tell.</summary>
    private static void RequireInverse(JsonNode? node, string[] labels)
    {
        if (node is null)
            return;
        if (node is not JsonObject map)
            throw new InvalidDataException("label2id is not an object of numbers by label");
        foreach ((string label, JsonNode? number) in map)
        {
            if (
                number is not JsonValue value
                || !int.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || id >= labels.Length
                || labels[id] != label
            )
                throw new InvalidDataException(
                    $"label2id has \"{label}\" as {number?.ToJsonString() ?? "null"}, which contradicts "
                        + $"id2label: {string.Join(", ", labels.Select((name, i) => $"{i} = \"{name}\"").Take(10))}"
                );
        }
    }

    /// <summary>Whether <c>problem_type</c> makes the labels independent; it is about losses otherwise.</summary>
    internal static bool ReadIndependence(ConfigReader keys)
    {
        keys.RequireTextOrNull("problem_type", "single_label_classification", Independent, "regression");
        return keys.Text("problem_type") == Independent;
    }

    internal static void Write(JsonObject json, ImmutableArray<string> labels, bool independent)
    {
        var (byNumber, byName) = (new JsonObject(), new JsonObject());
        for (int i = 0; i < labels.Length; i++)
        {
            byNumber[i.ToString(CultureInfo.InvariantCulture)] = labels[i];
            byName[labels[i]] = i;
        }

        json["id2label"] = byNumber;
        json["label2id"] = byName;
        if (independent)
            json["problem_type"] = Independent;
    }

    /// <summary>The configuration of a language model as that of a classifier with its decoder,
    /// with the keys in the order in which transformers writes them.</summary>
    internal static string InConfig(string json, ImmutableArray<string> labels, int padding)
    {
        var config = JsonNode.Parse(json)!.AsObject();
        if (config["architectures"] is JsonArray names)
            config["architectures"] = new JsonArray([.. names.Select(name => (JsonNode)OfClassifier((string)name!))]);
        config.Remove("num_labels");
        Write(config, labels, independent: false);
        config["pad_token_id"] = padding;
        var sorted = new JsonObject(
            config.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))
        );
        return sorted.ToJsonString(Indented) + "\n";
    }

    /// <summary>The class of the classifier with the decoder of a language model:
    /// <c>LlamaForCausalLM</c>, <c>GPT2LMHeadModel</c>.</summary>
    internal static string OfClassifier(string languageModel) =>
        languageModel
            .Replace("ForCausalLM", Architecture, StringComparison.Ordinal)
            .Replace("LMHeadModel", Architecture, StringComparison.Ordinal);

    /// <summary>Refuses a model with another head: its weights would lack the classifier.</summary>
    internal static void RequireArchitecture(ConfigReader keys)
    {
        if (
            keys.Raw("architectures") is JsonNode node
            && !(
                node is JsonArray names
                && names.Any(name =>
                    name is JsonValue value && value.TryGetValue(out string? text) && text.EndsWith(Architecture, StringComparison.Ordinal)
                )
            )
        )
            throw new InvalidDataException($"architectures is {node.ToJsonString()}; that of a classifier ends with {Architecture}");
    }

    /// <summary>What transformers writes into every configuration without changing what an evaluated classifier computes.</summary>
    internal static void IgnoreCommonKeys(ConfigReader keys)
    {
        keys.RequireBool("is_decoder", false);
        keys.RequireBool("add_cross_attention", false);
        keys.RequireBool("is_encoder_decoder", false);
        keys.RequireEmpty("pruned_heads");
        keys.Ignore(ConfigKeys.WithoutEffect);
        keys.Ignore(
            "model_type",
            "_commit_hash",
            "_num_labels",
            "attn_implementation_internal",
            "chunk_size_feed_forward",
            "cls_token_id",
            "language",
            "mask_token_id",
            "model_max_length",
            "name",
            "output_past",
            "tf_legacy_loss",
            "tie_word_embeddings"
        );
    }
}
