using System.Globalization;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The method <c>format</c> of strings, without format specifications; attributes are those of the sandbox.</summary>
internal static class BraceFormat
{
    public static StringValue Apply(StringValue format, Arguments arguments, Work work)
    {
        if (format.IsMarkup)
            throw TemplateFault.Unsupported("the engine does not format markup");
        var all = new TextBuilder(work);
        string text = format.Text;
        int automatic = 0;
        work.Charge(text.Length);
        for (int at = 0; at < text.Length; )
        {
            int next = text.AsSpan(at).IndexOfAny('{', '}');
            int end = next < 0 ? text.Length : at + next;
            all.Add(format, at, end - at);
            at = end;
            if (at == text.Length)
                break;
            if (at + 1 < text.Length && text[at + 1] == text[at])
            {
                all.Add(format, at, 1);
                at += 2;
                continue;
            }
            int close = text[at] == '}' ? -1 : text.IndexOf('}', at);
            if (close < 0)
                throw TemplateFault.Value("single '{' or '}' encountered in format string");
            all.Add(Field(text[(at + 1)..close], arguments, ref automatic, work));
            at = close + 1;
        }
        return all.Build();
    }

    private static StringValue Field(string field, Arguments arguments, ref int automatic, Work work)
    {
        if (field.AsSpan().ContainsAny("{:"))
            throw TemplateFault.Unsupported("the engine does not know format specifications of str.format");
        int conversion = field.IndexOf('!', StringComparison.Ordinal);
        string kind = conversion < 0 ? "s" : field[(conversion + 1)..];
        string path = conversion < 0 ? field : field[..conversion];
        int end = path.AsSpan().IndexOfAny('.', '[');
        string first = end < 0 ? path : path[..end];
        Value value = Argument(first, arguments, ref automatic);
        for (int at = end; at >= 0 && at < path.Length; )
            value = Step(value, path, ref at, work);
        if (kind == "s")
            return value is StringValue { IsMarkup: true }
                ? throw TemplateFault.Unsupported("the engine does not format markup")
                : Printing.Text(value, work);
        if (kind != "r")
            throw TemplateFault.Value($"unknown conversion specifier '{kind}'");
        return Printing.Represent(value, work);
    }

    private static Value Argument(string name, Arguments arguments, ref int automatic)
    {
        if (name.Length == 0 && automatic < 0)
            throw TemplateFault.Value("cannot switch from manual field specification to automatic field numbering");
        int place = -1;
        if (name.Length == 0)
            place = automatic++;
        else if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            (place, automatic) =
                automatic > 0 ? throw TemplateFault.Value("cannot switch from automatic to manual field numbering") : (number, -1);
        if (place >= 0)
            return place < arguments.Positional.Count
                ? arguments.Positional[place]
                : throw TemplateFault.Value("replacement index out of range");
        return arguments.Named.FirstOrDefault(argument => argument.Key == name).Value
            ?? throw TemplateFault.Value($"the format names '{name}', which is missing");
    }

    private static Value Step(Value value, string path, ref int at, Work work)
    {
        bool isItem = path[at++] == '[';
        int end =
            isItem ? path.IndexOf(']', at)
            : path.AsSpan(at).IndexOfAny('.', '[') is var offset && offset < 0 ? path.Length
            : at + offset;
        if (end <= at)
            throw TemplateFault.Value("empty attribute in format string");
        string name = path[at..end];
        at = isItem ? end + 1 : end;
        if (at < path.Length && path[at] is not ('.' or '['))
            throw TemplateFault.Value("only '.' or '[' may follow ']' in format field specifier");
        if (!isItem)
            return Indexing.Attribute(value, name, work);
        return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? Indexing.Item(value, IntegerValue.Of(number), work)
            : Indexing.Item(value, new StringValue(name), work);
    }
}
