using System.Text;
using System.Text.RegularExpressions;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>
/// Damaged configurations: each is read, or refused with an <see cref="InvalidDataException"/>, and neither allocates out of proportion to
/// its length. Seeds are fixed. <see cref="FileFuzz.Inputs"/> of them go to the decoders; the environment sets more for the long form.
/// </summary>
[Trait("Tier", "fast")]
[Collection("Allocating")]
public sealed partial class ConfigFuzzTests
{
    private static readonly string[] Values =
    [
        "0",
        "-1",
        "1",
        "2",
        "7",
        "16777217",
        "2147483647",
        "2147483648",
        "-9223372036854775808",
        "1e308",
        "1e999",
        "0.5",
        "1e-320",
        "null",
        "true",
        "false",
        "\"\"",
        "\"relu\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "[]",
        "{}",
        "[1]",
        "{\"a\":1}",
        "[[[[[[[[[[[[[[[[[[[[",
        "{\"rope_type\":\"linear\",\"factor\":2}",
        "{\"rope_type\":\"llama3\"}",
        "[\"full_attention\",\"sliding_attention\"]",
        "[\"(a+)+$\"]",
        "\"(((\"",
        "NaN",
        "",
    ];

    [Fact]
    public void Configurations_of_decoders() =>
        Fuzz(FileFuzz.Inputs, 1, Sources(GoldenCase.Causal), json => CausalTransformerConfig.FromJson(json).ToJson());

    [Fact]
    public void Configurations_of_classifiers()
    {
        Fuzz(FileFuzz.Inputs / 8, 2, Sources(["gpt2-reward", "llama-reward"]), json => DecoderClassifierConfig.FromJson(json).ToJson());
        Fuzz(FileFuzz.Inputs / 8, 3, Sources(["bert-classifier"]), json => BertClassifierConfig.FromJson(json).ToJson());
        Fuzz(FileFuzz.Inputs / 8, 4, Sources(["distilbert-classifier"]), json => DistilBertClassifierConfig.FromJson(json).ToJson());
    }

    [Fact]
    public void Configurations_of_adapters() =>
        Fuzz(FileFuzz.Inputs / 8, 5, Sources(["lora-gpt2"], "adapter_config.json"), json => LoraOptions.FromJson(json).ToJson());

    private static void Fuzz(int count, int seed, string[] sources, Action<string> read)
    {
        int accepted = 0;
        for (int i = 0; i < count; i++)
        {
            var random = new Random((seed * 1_000_003) + i);
            string json = Damage(sources[random.Next(sources.Length)], random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(json);
                accepted++;
            }
            catch (InvalidDataException e)
            {
                Assert.True(e.Message.Length > 10, json);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"{e.GetType().Name} for {json}: {e}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400_000 + (100 * json.Length));
        }

        Assert.InRange(accepted, count / 100, count * 9 / 10); // some damage does no harm; most does
    }

    private static string Damage(string json, Random random)
    {
        for (int times = 1 + random.Next(3); times > 0; times--)
            json = DamageOnce(json, random);
        return json;
    }

    private static string DamageOnce(string json, Random random)
    {
        var values = Value().Matches(json);
        if (random.Next(4) > 0 && values.Count > 0) // another value for a key
        {
            var value = values[random.Next(values.Count)].Groups[1];
            return string.Concat(json.AsSpan(0, value.Index), Values[random.Next(Values.Length)], json.AsSpan(value.Index + value.Length));
        }

        int from = random.Next(json.Length + 1),
            to = Math.Min(json.Length, from + random.Next(40));
        return random.Next(3) switch
        {
            0 => json.Remove(from, to - from),
            1 => json.Insert(random.Next(json.Length + 1), json[from..to]),
            _ => json.Insert(from, Values[random.Next(Values.Length)]),
        };
    }

    private static string[] Sources(string[] cases, string file = "config.json") =>
        [.. cases.Select(name => Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(GoldenCase.FolderOf(name), file))))];

    [GeneratedRegex("""":\s*("[^"]*"|[-+.\w]+|\[[^\]]*\]|\{[^{}]*\})"""")]
    private static partial Regex Value();
}
