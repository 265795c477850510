using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Filters of texts that templates of chats rarely use.</summary>
internal static class MoreTextFilters
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";

    private static readonly System.Buffers.SearchValues<char> EndsName = System.Buffers.SearchValues.Create(" \t\n\r\f\v/>=");

    public static (string, Filter)[] All { get; } =
    [
        ("center", Center),
        ("format", Format),
        ("truncate", Truncate),
        ("urlencode", UrlEncode),
        ("wordcount", WordCount),
        ("xmlattr", XmlAttributes),
    ];

    private static StringValue Center(Rendering rendering, Value value, Arguments arguments)
    {
        Value? width = arguments.Bind("center", "width")[0];
        return Padding.Center(Printing.SoftText(value, rendering.Work), Filters.Integer(width, 80), new StringValue(" "), rendering.Work);
    }

    private static StringValue Format(Rendering rendering, Value value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw TemplateFault.Type("format takes arguments by position or by name, not both");
        StringValue format = Printing.SoftText(value, rendering.Work);
        if (arguments.Named.Count == 0)
            return PercentFormat.Apply(format, new TupleValue([.. arguments.Positional]), rendering.Work);
        var mapping = new MappingValue(arguments.Named.Count);
        foreach ((string name, Value argument) in arguments.Named)
            mapping.Set(arguments.Key(name), argument);
        return PercentFormat.Apply(format, mapping, rendering.Work);
    }

    private static Value Truncate(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("truncate", "length", "killwords", "end", "leeway");
        Work work = rendering.Work;
        int length = Filters.Integer(given[0], 255),
            leeway = given[3] is null or NoneValue ? 5 : Filters.Integer(given[3], 5);
        StringValue end = given[2] is null
            ? new StringValue("...")
            : given[2] as StringValue ?? throw TemplateFault.Type("end must be a string");
        if (length < end.Length || leeway < 0)
            throw TemplateFault.Value($"truncate expects length >= {end.Length} and leeway >= 0");
        if (Iterating.Length(value) <= (long)length + leeway)
            return value;
        if (value is not StringValue text)
            throw TemplateFault.Type($"truncate needs a string, not '{value.TypeName}'");
        StringValue cut = text.Part(0, text.UnitOf(length - end.Length));
        if (!Filters.Flag(given[1]))
            cut = StringEditing.Split(cut, new StringValue(" "), 1, fromRight: true, work)[0];
        return Operators.Join(cut, end, work);
    }

    private static IntegerValue WordCount(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("wordcount");
        int count = 0;
        bool inWord = false;
        string text = Printing.SoftText(value, rendering.Work).Text;
        rendering.Work.Charge(text.Length);
        foreach (int code in Characters.Codes(text))
        {
            bool isWord = Characters.IsWord(code);
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }
        return IntegerValue.Of(count);
    }

    private static StringValue UrlEncode(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("urlencode");
        Work work = rendering.Work;
        if (value is StringValue || !Iterating.IsIterable(value))
            return Quote(Printing.Text(value, work), isQuery: false, work);
        Value entries = value is MappingValue mapping ? new MappingViewValue(mapping, "items") : value;
        var all = new TextBuilder(work);
        foreach (Value entry in Iterating.Items(entries, work))
        {
            if (Iterating.ToArray(entry, work) is not [Value key, Value item])
                throw TemplateFault.Value("urlencode needs pairs");
            if (all.Length > 0)
                all.Add("&");
            all.Add(Quote(Printing.Text(key, work), isQuery: true, work))
                .Add("=")
                .Add(Quote(Printing.Text(item, work), isQuery: true, work));
        }
        return all.Build();
    }

    private static StringValue Quote(StringValue text, bool isQuery, Work work) =>
        Mapping.CodePoints(
            text,
            work,
            (_, code) =>
            {
                if (code < 0x80 && (Unreserved.Contains((char)code, StringComparison.Ordinal) || (code == '/' && !isQuery)))
                    return ((char)code).ToString();
                if (code == ' ' && isQuery)
                    return "+";
                if (code is >= 0xD800 and <= 0xDFFF)
                    throw TemplateFault.Value("half of a surrogate pair has no UTF-8 form");
                byte[] bytes = Encoding.UTF8.GetBytes(char.ConvertFromUtf32(code));
                return string.Concat(bytes.Select(part => string.Create(CultureInfo.InvariantCulture, $"%{part:X2}")));
            }
        );

    private static StringValue XmlAttributes(Rendering rendering, Value value, Arguments arguments)
    {
        Value? spaced = arguments.Bind("xmlattr", "autospace")[0];
        Work work = rendering.Work;
        if (value is not MappingValue mapping)
            throw TemplateFault.Type($"xmlattr needs a mapping, not '{value.TypeName}'");
        var all = new TextBuilder(work);
        foreach ((Value key, Value item) in mapping.Entries)
        {
            if (item is NoneValue or UndefinedValue)
                continue;
            if (key is not StringValue name || name.Text.AsSpan().ContainsAny(EndsName))
                throw TemplateFault.Value("invalid character in the name of an attribute");
            if (all.Length > 0 || spaced is null || spaced.Truth)
                all.Add(" ");
            all.Add(Escaping.Escape(name, work)).Add("=\"").Add(Escaping.Escape(Printing.SoftText(item, work), work)).Add("\"");
        }
        return all.Build();
    }
}
