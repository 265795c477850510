using System.Globalization;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The operator % of strings.</summary>
internal sealed class PercentFormat
{
    private readonly StringValue format;
    private readonly Value values;
    private readonly Work work;
    private readonly TextBuilder all;
    private int at;
    private int used;

    private PercentFormat(StringValue format, Value values, Work work) =>
        (this.format, this.values, this.work, all) = (format, values, work, new(work));

    public static StringValue Apply(StringValue format, Value values, Work work)
    {
        if (format.IsMarkup)
            throw TemplateFault.Unsupported("the engine does not format markup with %");
        return new PercentFormat(format, values, work).Run();
    }

    private StringValue Run()
    {
        string text = format.Text;
        work.Charge(text.Length);
        while (at < text.Length)
        {
            int next = text.IndexOf('%', at);
            int end = next < 0 ? text.Length : next;
            all.Add(format, at, end - at);
            at = end;
            if (next >= 0)
            {
                at++;
                ReadField();
            }
        }
        int count =
            values is TupleValue tuple ? tuple.Items.Length
            : values is MappingValue or ListValue or RangeValue or UndefinedValue ? 0
            : 1;
        if (used < count)
            throw TemplateFault.Type("not all arguments converted during string formatting");
        return all.Build();
    }

    private void ReadField()
    {
        Value? named = Peek() == '(' ? ReadKey() : null;
        string flags = "";
        while ("-+ #0".Contains(Peek(), StringComparison.Ordinal))
            flags += flags.Length < 16 ? Take() : throw TemplateFault.Value("too many flags in a format");
        int width = ReadNumber() ?? 0;
        if (width < 0)
            (flags, width) = (flags + "-", -width);
        int? precision = null;
        if (Peek() == '.')
        {
            at++;
            precision = Math.Max(ReadNumber() ?? 0, 0);
        }
        if (Peek() is 'h' or 'l' or 'L')
            at++;
        char kind = Take();
        if (kind == '%')
        {
            all.Add("%");
            return;
        }
        work.CheckText(Math.Max(width, precision ?? 0));
        Value value = named ?? NextValue();
        StringValue field = kind switch
        {
            's' => Cut(Printing.SoftText(value, work), precision),
            'r' => Cut(Printing.Represent(value, work), precision),
            'c' => Character(value),
            _ => PercentNumber.Format(value, kind, flags, precision, work),
        };
        bool zeros =
            flags.Contains('0', StringComparison.Ordinal)
            && !flags.Contains('-', StringComparison.Ordinal)
            && kind is not ('s' or 'r' or 'c');
        Pad(field, width, flags.Contains('-', StringComparison.Ordinal), zeros);
    }

    private void Pad(StringValue field, int width, bool left, bool zeros)
    {
        int missing = Math.Max(width - field.Length, 0);
        int sign = zeros && field.Text.Length > 0 && field.Text[0] is '-' or '+' or ' ' ? 1 : 0;
        if (field.IsMarkup)
            throw TemplateFault.Unsupported("the engine does not format markup with %");
        all.Add(field, 0, sign);
        if (!left)
            all.Add(new string(zeros ? '0' : ' ', missing));
        all.Add(field, sign, field.Text.Length - sign);
        if (left)
            all.Add(new string(' ', missing));
    }

    private char Peek() => at < format.Text.Length ? format.Text[at] : throw TemplateFault.Value("incomplete format");

    private char Take()
    {
        char next = Peek();
        at++;
        return next;
    }

    private int? ReadNumber()
    {
        if (Peek() == '*')
        {
            at++;
            return Filters.Integer(NextValue(), 0);
        }
        int start = at;
        while (char.IsAsciiDigit(Peek()))
            at++;
        if (at == start)
            return null;
        long number = at - start > 18 ? long.MaxValue : long.Parse(format.Text.AsSpan(start, at - start), CultureInfo.InvariantCulture);
        work.CheckText(number);
        return (int)number;
    }

    private Value ReadKey()
    {
        int end = format.Text.IndexOf(')', at);
        if (end < 0)
            throw TemplateFault.Value("incomplete format key");
        StringValue key = format.Part(at + 1, end - at - 1);
        at = end + 1;
        if (values is not MappingValue mapping)
            throw TemplateFault.Type("format requires a mapping");
        return mapping.Find(key) ?? throw TemplateFault.Value($"the format names the key '{key.Text}', which is missing");
    }

    private Value NextValue()
    {
        int count = values is TupleValue tuple ? tuple.Items.Length : 1;
        if (used >= count)
            throw TemplateFault.Type("not enough arguments for format string");
        return values is TupleValue items ? items.Items[used++] : Single();
    }

    private Value Single()
    {
        used++;
        return values;
    }

    private static StringValue Cut(StringValue text, int? length) =>
        length is int count && count < text.Length ? text.Part(0, text.UnitOf(count)) : text;

    private static StringValue Character(Value value)
    {
        if (value is StringValue { Length: 1 } text)
            return text;
        if (Numbers.IsInteger(value) && Numbers.Integer(value) >= 0 && Numbers.Integer(value) <= 0x10FFFF)
            return new StringValue(Characters.Text((int)Numbers.Integer(value)), value.Origin);
        throw TemplateFault.Type("%c requires int or char");
    }
}
