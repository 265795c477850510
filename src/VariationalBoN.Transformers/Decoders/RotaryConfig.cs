using System.Globalization;
using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>The frequencies of rotary positions, read from <c>rope_theta</c> and <c>rope_scaling</c> (transformers 4) or
/// <c>rope_parameters</c> (transformers 5).</summary>
/// <remarks>Immutable, so safe to share between threads.</remarks>
public sealed record RotaryConfig
{
    /// <summary>The base of the frequencies (<c>rope_theta</c>), above 0.</summary>
    public double Theta { get; init; } = 10_000;

    /// <summary>How the frequencies are stretched.</summary>
    public RotaryScaling Scaling { get; init; }

    /// <summary>The factor of the stretching, above 0; 1 without any.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>For <see cref="RotaryScaling.Llama3"/>: wavelengths above the original length
    /// over this are stretched in full (<c>low_freq_factor</c>).</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>For <see cref="RotaryScaling.Llama3"/>: wavelengths below the original length over
    /// this are kept (<c>high_freq_factor</c>), above the low factor.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>For <see cref="RotaryScaling.Llama3"/>: the longest sequence of pretraining
    /// (<c>original_max_position_embeddings</c>).</summary>
    public int OriginalMaxLength { get; init; } = 8192;

    /// <summary>Reads either layout; a key of it that is not honoured is refused by name.</summary>
    /// <param name="keys">The whole configuration.</param>
    /// <param name="thetaKey">The key of the base in the layout of transformers 4.</param>
    /// <param name="theta">The base where nothing is said.</param>
    /// <param name="fraction">The share of each head that is turned, where <c>rope_parameters</c> say so.</param>
    internal static RotaryConfig Read(ConfigReader keys, string thetaKey, double theta, out double? fraction)
    {
        double? outer = keys.DoubleIfPresent("rope_theta"),
            own = thetaKey == "rope_theta" ? null : keys.DoubleIfPresent(thetaKey);
        var scaling = keys.Object("rope_scaling");
        var parameters = keys.Object("rope_parameters");
        if (scaling is not null && parameters is not null)
            throw new InvalidDataException("rope_scaling and rope_parameters are both given; they are two layouts of one setting");
        var inside = parameters ?? scaling;
        string place = parameters is null ? "rope_scaling" : "rope_parameters";
        double? inner = inside?.DoubleIfPresent("rope_theta");
        (string Key, double Value)[] thetas =
        [
            .. new[] { (thetaKey, own), ("rope_theta", outer), ($"{place}.rope_theta", inner) }
                .Where(pair => pair.Item2 is not null)
                .Select(pair => (pair.Item1, pair.Item2!.Value)),
        ];
        if (thetas.DistinctBy(pair => pair.Value).Count() > 1)
        {
            string values = string.Join(" and as ", thetas.Select(pair => pair.Value.ToString(CultureInfo.InvariantCulture)).Distinct());
            string keyed = string.Join(", ", thetas.Select(pair => FormattableString.Invariant($"{pair.Key} = {pair.Value}")));
            throw new InvalidDataException($"rope_theta is given as {values} ({keyed}); these must agree");
        }

        fraction = inside?.DoubleIfPresent("partial_rotary_factor");
        var config = new RotaryConfig { Theta = thetas.Length > 0 ? thetas[0].Value : theta };
        if (inside is null)
            return config;
        string? type = inside.Text("rope_type"),
            older = inside.Text("type");
        if (type is null && older is null && (inside.Contains("rope_type") || inside.Contains("type")))
            throw new InvalidDataException(
                $"{place}.rope_type is null, which Python takes for None and not for the default; leave it " + "out or give it a value"
            );
        if (type is not null && older is not null && type != older)
            throw new InvalidDataException(
                $"{place}.rope_type, also written type, is given as \"{type}\" and as \"{older}\"; these must " + "agree"
            );
        config = (type ?? older ?? "default") switch
        {
            "default" => config,
            "linear" => config with { Scaling = RotaryScaling.Linear, Factor = inside.Double("factor") },
            "llama3" => config with
            {
                Scaling = RotaryScaling.Llama3,
                Factor = inside.Double("factor"),
                LowFrequencyFactor = inside.Double("low_freq_factor"),
                HighFrequencyFactor = inside.Double("high_freq_factor"),
                OriginalMaxLength = inside.Int("original_max_position_embeddings"),
            },
            string other => throw new InvalidDataException($"{place}.rope_type is \"{other}\"; supported: default, linear, llama3"),
        };
        inside.RequireNothingLeft();
        return config;
    }

    /// <summary>Writes the layout of transformers 4, which later versions read as well.</summary>
    internal void Write(JsonObject json, string thetaKey = "rope_theta")
    {
        json[thetaKey] = Theta;
        json["rope_scaling"] = Scaling switch
        {
            RotaryScaling.Linear => new JsonObject { ["rope_type"] = "linear", ["factor"] = Factor },
            RotaryScaling.Llama3 => new JsonObject
            {
                ["rope_type"] = "llama3",
                ["factor"] = Factor,
                ["low_freq_factor"] = LowFrequencyFactor,
                ["high_freq_factor"] = HighFrequencyFactor,
                ["original_max_position_embeddings"] = OriginalMaxLength,
            },
            _ => null,
        };
    }

    /// <summary>Adds what is wrong.</summary>
    internal void AddFaults(List<string> faults)
    {
        if (!(Theta > 0 && double.IsFinite(Theta)))
            faults.Add($"rope_theta is {Theta}, it must be above 0");
        if (Scaling is not (RotaryScaling.None or RotaryScaling.Linear or RotaryScaling.Llama3))
            faults.Add($"rope_type is {Scaling}, it must be one of the named values");
        if (!(Factor > 0 && double.IsFinite(Factor)))
            faults.Add($"the factor of the rotary scaling is {Factor}, it must be above 0 (rope_scaling.factor)");
        if (
            Scaling == RotaryScaling.Llama3
            && !(LowFrequencyFactor > 0 && HighFrequencyFactor > LowFrequencyFactor && double.IsFinite(HighFrequencyFactor))
        )
            faults.Add(
                $"low_freq_factor is {LowFrequencyFactor} and high_freq_factor {HighFrequencyFactor}, they must be above 0 and the second "
                    + $"the larger one"
            );
        if (Scaling == RotaryScaling.Llama3 && OriginalMaxLength < 1)
            faults.Add($"original_max_position_embeddings is {OriginalMaxLength}, it must be at least 1");
    }

    /// <summary>A frequency after scaling, in the float32 steps of transformers.</summary>
    internal float Scale(float frequency)
    {
        if (Scaling == RotaryScaling.None)
            return frequency;
        float slow = frequency / (float)Factor,
            wavelength = (float)(2 * Math.PI) / frequency;
        if (Scaling == RotaryScaling.Linear || wavelength > (float)(OriginalMaxLength / LowFrequencyFactor))
            return slow;
        if (wavelength < (float)(OriginalMaxLength / HighFrequencyFactor))
            return frequency;
        float smooth = ((OriginalMaxLength / wavelength) - (float)LowFrequencyFactor) / (float)(HighFrequencyFactor - LowFrequencyFactor);
        return ((1 - smooth) * frequency / (float)Factor) + (smooth * frequency);
    }
}
