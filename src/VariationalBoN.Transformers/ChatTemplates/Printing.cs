using System.Globalization;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>What <c>str(x)</c> and <c>repr(x)</c> are in Python.</summary>
internal static class Printing
{
    /// <summary>What <c>str(x)</c> is; the text of markup is plain again.</summary>
    public static StringValue Text(Value value, Work work)
    {
        switch (value)
        {
            case StringValue text:
                return text.WithMarkup(false);
            case UndefinedValue:
                return StringValue.Empty;
            default:
                return Represent(value, work);
        }
    }

    /// <summary>What <c>repr(x)</c> is.</summary>
    public static StringValue Represent(Value value, Work work)
    {
        var all = new TextBuilder(work);
        Describe(value, all, work, 0);
        return all.Build();
    }

    /// <summary>As <see cref="Text"/>, but markup stays markup.</summary>
    public static StringValue SoftText(Value value, Work work) => value as StringValue ?? Text(value, work);

    private static void Describe(Value value, TextBuilder all, Work work, int depth)
    {
        work.CheckDepth(depth);
        switch (value)
        {
            case StringValue text:
                if (text.IsMarkup)
                    all.Add("Markup(");
                Quote(text, all);
                if (text.IsMarkup)
                    all.Add(")");
                break;
            case NoneValue:
                all.Add("None", value.Origin);
                break;
            case BooleanValue:
                all.Add(value.Truth ? "True" : "False", value.Origin);
                break;
            case IntegerValue number:
                all.Add(work.CheckDigits(number.Number).ToString(CultureInfo.InvariantCulture), value.Origin);
                break;
            case FloatValue number:
                all.Add(FloatText.Of(number.Number), value.Origin);
                break;
            case UndefinedValue:
                all.Add("Undefined");
                break;
            case ListValue list:
                Items("[", list.Items, "]", all, work, depth);
                break;
            case TupleValue { Items: [Value only] }:
                Items("(", [only], ",)", all, work, depth);
                break;
            case TupleValue tuple:
                Items("(", tuple.Items, ")", all, work, depth);
                break;
            case MappingValue mapping:
                Entries(mapping, all, work, depth);
                break;
            case MappingViewValue view:
                Items(view.TypeName + "([", view.Items, "])", all, work, depth + 1);
                break;
            case NamespaceValue space:
                all.Add("<Namespace ");
                Entries(space.Attributes, all, work, depth);
                all.Add(">");
                break;
            default:
                all.Add(Other(value));
                break;
        }
    }

    private static string Other(Value value) =>
        value switch
        {
            RangeValue range when range.Step.IsOne => $"range({range.Start}, {range.Stop})",
            RangeValue range => $"range({range.Start}, {range.Stop}, {range.Step})",
            MacroValue { Macro.Name: string name } => $"<Macro '{name}'>",
            MacroValue => "<Macro anonymous>",
            LoopValue loop => $"<LoopContext {loop.Index0 + 1}/{loop.Length}>",
            FunctionValue { Class: string name } => $"<class '{name}'>",
            _ => throw TemplateFault.Unsupported($"a value of type '{value.TypeName}' prints an address in Python; the engine refuses it"),
        };

    private static void Items(string open, IEnumerable<Value> items, string close, TextBuilder all, Work work, int depth)
    {
        all.Add(open);
        bool first = true;
        foreach (Value item in items)
        {
            if (!first)
                all.Add(", ");
            first = false;
            Describe(item, all, work, depth + 1);
        }
        all.Add(close);
    }

    private static void Entries(MappingValue mapping, TextBuilder all, Work work, int depth)
    {
        all.Add("{");
        bool first = true;
        foreach ((Value key, Value value) in mapping.Entries)
        {
            if (!first)
                all.Add(", ");
            first = false;
            Describe(key, all, work, depth + 1);
            all.Add(": ");
            Describe(value, all, work, depth + 1);
        }
        all.Add("}");
    }

    private static void Quote(StringValue value, TextBuilder all)
    {
        string text = value.Text;
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        all.Add(quote);
        int at = 0,
            end = 0;
        foreach (MarkRun run in value.Runs)
        {
            end = run.End;
            int from = at;
            while (at < end)
            {
                int width = Characters.WidthAt(text, at);
                string? escape = EscapeOf(Characters.At(text, at), quote);
                if (escape is not null)
                {
                    all.Add(text[from..at], run.Marks).Add(escape, run.Marks);
                    from = at + width;
                }
                at += width;
            }
            all.Add(text[Math.Min(from, end)..end], run.Marks);
        }
        all.Add(quote);
    }

    private static string? EscapeOf(int code, char quote) =>
        code switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\\' => "\\\\",
            >= ' ' and < 0x7F => code == quote ? "\\" + quote : null,
            _ when Characters.IsPrintable(code) => null,
            <= 0xFF => $"\\x{code:x2}",
            <= 0xFFFF => $"\\u{code:x4}",
            _ => $"\\U{code:x8}",
        };
}
