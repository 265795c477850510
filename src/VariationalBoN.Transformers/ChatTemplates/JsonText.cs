using System.Globalization;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>What <c>json.dumps</c> writes.</summary>
internal sealed class JsonText(
    Work work,
    bool ascii,
    StringValue? indent,
    StringValue itemSeparator,
    StringValue keySeparator,
    bool sortKeys
)
{
    private readonly TextBuilder all = new(work);

    public StringValue Write(Value value)
    {
        Write(value, 0);
        return all.Build();
    }

    private void Write(Value value, int depth)
    {
        work.CheckDepth(depth);
        switch (value)
        {
            case StringValue text:
                Quote(text);
                break;
            case SequenceValue sequence:
                Sequence(sequence.Items, depth);
                break;
            case MappingValue mapping:
                Entries(mapping, depth);
                break;
            default:
                all.Add(
                    Scalar(value) ?? throw TemplateFault.Type($"Object of type {value.TypeName} is not JSON serializable"),
                    value.Origin
                );
                break;
        }
    }

    private string? Scalar(Value value) =>
        value switch
        {
            NoneValue => "null",
            BooleanValue => value.Truth ? "true" : "false",
            IntegerValue number => work.CheckDigits(number.Number).ToString(CultureInfo.InvariantCulture),
            FloatValue { Number: double.NaN } => "NaN",
            FloatValue { Number: double.PositiveInfinity } => "Infinity",
            FloatValue { Number: double.NegativeInfinity } => "-Infinity",
            FloatValue number => FloatText.Of(number.Number),
            _ => null,
        };

    private void Sequence(Value[] items, int depth)
    {
        all.Add("[");
        for (int i = 0; i < items.Length; i++)
        {
            Separate(i, depth + 1);
            Write(items[i], depth + 1);
        }
        if (items.Length > 0)
            Line(depth);
        all.Add("]");
    }

    private void Entries(MappingValue mapping, int depth)
    {
        all.Add("{");
        IEnumerable<KeyValuePair<Value, Value>> entries = mapping.Entries;
        if (sortKeys)
            entries = Sorting.Sorted(mapping.Entries, entry => entry.Key, reverse: false, work);
        int count = 0;
        foreach ((Value key, Value value) in entries)
        {
            Separate(count++, depth + 1);
            Quote(key as StringValue ?? new StringValue(KeyText(key), key.Origin));
            all.Add(keySeparator);
            Write(value, depth + 1);
        }
        if (count > 0)
            Line(depth);
        all.Add("}");
    }

    private string KeyText(Value key) =>
        Scalar(key) ?? throw TemplateFault.Type($"keys must be str, int, float, bool or None, not {key.TypeName}");

    private void Separate(int before, int depth)
    {
        if (before > 0)
            all.Add(itemSeparator);
        Line(depth);
    }

    private void Line(int depth)
    {
        if (indent is null)
            return;
        all.Add("\n");
        for (int i = 0; i < depth; i++)
            all.Add(indent);
    }

    private void Quote(StringValue text)
    {
        all.Add("\"");
        all.Add(Mapping.Units(text.WithMarkup(false), work, Escape));
        all.Add("\"");
    }

    private string? Escape(char unit) =>
        unit switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\b' => "\\b",
            '\f' => "\\f",
            < ' ' => $"\\u{(int)unit:x4}",
            > '~' when ascii => $"\\u{(int)unit:x4}",
            _ => null,
        };
}
