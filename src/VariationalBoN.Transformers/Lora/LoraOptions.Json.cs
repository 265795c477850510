using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Transformers.Lora;

public sealed partial record LoraOptions
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The options in a file.</summary>
    /// <param name="path">Path of an <c>adapter_config.json</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="InvalidDataException">The file is not such a configuration, or asks for something that is not supported;
    /// the message names file and key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static LoraOptions Load(string path)
    {
        try
        {
            return FromJson(InputFile.ReadText(path, InputFile.LongestConfig));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The options in the text of an <c>adapter_config.json</c>;
    /// a setting that is on and not supported, known or not, is refused by name.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The options.</returns>
    /// <exception cref="InvalidDataException">The text is not such a configuration,
    /// or asks for something that is not supported; the message names the key.</exception>
    public static LoraOptions FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var keys = ConfigReader.Parse(json);
        if (keys.Text("peft_type") is not "LORA")
            throw new InvalidDataException(
                $"peft_type is {(keys.Text("peft_type") is string type ? $"\"{type}\"" : "missing")}; supported: LORA"
            );
        keys.RequireTextOrNull("task_type", "CAUSAL_LM");
        keys.RequireText("bias", "none");
        if (
            keys.Raw("init_lora_weights") is JsonValue start
            && !(start.TryGetValue(out bool _) || (start.TryGetValue(out string? way) && way is "gaussian" or "orthogonal"))
        )
            throw new InvalidDataException(
                $"init_lora_weights is {Shown.Text(start.ToJsonString())}, which changes the base weights; supported: true, false, "
                    + $"gaussian, orthogonal"
            );
        keys.Ignore(
            "auto_mapping",
            "fan_in_fan_out",
            "inference_mode",
            "lora_dropout",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config"
        );
        var options = new LoraOptions
        {
            Rank = keys.Int("r", 8),
            Alpha = keys.Double("lora_alpha", 8),
            RankStabilized = keys.Bool("use_rslora", false),
            RankPattern = Patterns<int>(keys, "rank_pattern"),
            AlphaPattern = Patterns<double>(keys, "alpha_pattern"),
            BaseModel = keys.Text("base_model_name_or_path"),
        };
        options = Targets(keys.Raw("target_modules"), options);
        keys.RequireNothingLeft(evenWhenOff: false);
        try
        {
            options.Validate();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(e.Message, e);
        }

        return options;
    }

    /// <summary>The text of an <c>adapter_config.json</c>.</summary>
    /// <returns>Indented JSON.</returns>
    /// <exception cref="ArgumentException">The options are faulty; the message names every fault.</exception>
    public string ToJson()
    {
        Validate();
        return new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = BaseModel,
            ["r"] = Rank,
            ["lora_alpha"] = Alpha,
            ["lora_dropout"] = 0.0,
            ["use_rslora"] = RankStabilized,
            ["bias"] = "none",
            ["target_modules"] =
                IsForAllLinear ? AllLinear
                : TargetPattern is not null ? TargetPattern
                : new JsonArray([.. TargetModules.Select(name => JsonValue.Create(name))]),
            ["rank_pattern"] = new JsonObject(RankPattern.Select(pair => new KeyValuePair<string, JsonNode?>(pair.Key, pair.Value))),
            ["alpha_pattern"] = new JsonObject(AlphaPattern.Select(pair => new KeyValuePair<string, JsonNode?>(pair.Key, pair.Value))),
            ["fan_in_fan_out"] = false,
            ["init_lora_weights"] = true,
            ["inference_mode"] = true,
            ["modules_to_save"] = null,
        }.ToJsonString(Indented);
    }

    private static LoraOptions Targets(JsonNode? node, LoraOptions options) =>
        node switch
        {
            JsonValue value when value.TryGetValue(out string? pattern) => options with { TargetPattern = pattern },
            JsonArray { Count: > 0 } list when list.All(item => item is JsonValue value && value.TryGetValue(out string? _)) => options with
            {
                TargetModules = [.. list.Select(item => item!.GetValue<string>())],
            },
            _ => throw new InvalidDataException(
                $"target_modules is {Shown.Text(node?.ToJsonString() ?? "missing")}; it must be a list of names or a text"
            ),
        };

    private static ImmutableArray<KeyValuePair<string, T>> Patterns<T>(ConfigReader keys, string key)
        where T : struct
    {
        if (keys.Raw(key) is not JsonNode node)
            return !keys.Contains(key)
                ? []
                : throw new InvalidDataException(
                    $"{key} is null, which Python takes for None and not for the default; leave it out or " + "give it a value"
                );
        if (node is not JsonObject patterns || patterns.Any(pair => pair.Value is not JsonValue value || !value.TryGetValue(out T _)))
            throw new InvalidDataException($"{key} must be an object of names and numbers");
        return [.. patterns.Select(pair => new KeyValuePair<string, T>(pair.Key, pair.Value!.GetValue<T>()))];
    }
}
