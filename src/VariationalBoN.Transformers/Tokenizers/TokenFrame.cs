using System.Collections.Immutable;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The special tokens around a text, such as BOS, or [CLS] and [SEP].</summary>
/// <param name="Before">The ids before it.</param>
/// <param name="After">The ids after it.</param>
internal sealed record TokenFrame(ImmutableArray<int> Before, ImmutableArray<int> After)
{
    internal static TokenFrame None { get; } = new([], []);

    /// <summary>The frame that a post-processor puts; offsets and pairs of texts are nothing that is asked for here.</summary>
    internal static TokenFrame Read(JsonSection? section)
    {
        if (section is null)
            return None;
        string type = section.Text("type");
        var frame = type switch
        {
            "ByteLevel" => ReadByteLevel(section),
            "TemplateProcessing" => ReadTemplate(section),
            "BertProcessing" => new TokenFrame([Id(section, "cls")], [Id(section, "sep")]),
            "RobertaProcessing" => ReadRoberta(section),
            "Sequence" => ReadSequence(section),
            _ => throw section.Fault(
                "type",
                $"is \"{type}\"; supported: ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing, Sequence"
            ),
        };
        section.IgnoreStray();
        section.RequireNothingLeft();
        return frame;
    }

    private static TokenFrame ReadByteLevel(JsonSection section)
    {
        section.Ignore("add_prefix_space", "trim_offsets", "use_regex");
        return None;
    }

    private static TokenFrame ReadRoberta(JsonSection section)
    {
        section.Ignore("add_prefix_space", "trim_offsets");
        return new TokenFrame([Id(section, "cls")], [Id(section, "sep")]);
    }

    private static TokenFrame ReadSequence(JsonSection section)
    {
        var frames = section.Sections("processors").Select(Read).Where(frame => frame.Before.Length + frame.After.Length > 0).ToList();
        return frames.Count <= 1
            ? frames.FirstOrDefault(None)
            : throw section.Fault("processors", "adds special tokens in more than one step, which is not supported");
    }

    /// <summary>A token as Rust writes the pair of its text and id.</summary>
    private static int Id(JsonSection section, string key) =>
        section.Elements(key).ToArray() is { Length: 2 } pair
            ? section.CountOf($"{key}[1]", pair[1])
            : throw section.Fault(key, "must be a token and its id");

    private static TokenFrame ReadTemplate(JsonSection section)
    {
        section.Ignore("pair"); // for two texts at once
        var ids = new Dictionary<string, ImmutableArray<int>>(StringComparer.Ordinal);
        var tokens = section.Section("special_tokens");
        foreach (var (name, value) in tokens.Entries())
        {
            var token = tokens.Inside(name, value);
            token.Ignore("id", "tokens");
            ids[name] = [.. token.Elements("ids").Select((id, i) => token.CountOf($"ids[{i}]", id))];
            token.RequireNothingLeft();
        }

        var before = ImmutableArray.CreateBuilder<int>();
        var after = ImmutableArray.CreateBuilder<int>();
        bool seen = false;
        foreach (var part in section.Sections("single"))
        {
            var (special, sequence) = (part.SectionOrNull("SpecialToken"), part.SectionOrNull("Sequence"));
            part.RequireNothingLeft();
            if (special is null == sequence is null)
                throw part.Fault("must be a SpecialToken or a Sequence");
            (special ?? sequence)!.Ignore("type_id");
            string name = (special ?? sequence)!.Text("id");
            if (special is not null)
                (seen ? after : before).AddRange(
                    ids.TryGetValue(name, out var found)
                        ? found
                        : throw special.Fault("id", $"is \"{name}\", which special_tokens does not hold")
                );
            else if (name != "A" || seen)
                throw sequence!.Fault("id", $"is \"{name}\"; a single text is the sequence A, once");
            else
                seen = true;
        }

        return seen ? new TokenFrame(before.ToImmutable(), after.ToImmutable()) : throw section.Fault("single", "leaves the text out");
    }
}
