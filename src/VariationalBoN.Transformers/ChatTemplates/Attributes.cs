using System.Collections.Frozen;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// Attributes of values: what Python's types have, of which the sandbox refuses what changes a value or begins with an underscore.
/// </summary>
internal static class Attributes
{
    private static readonly FrozenSet<string> OfObjects = Words(
        """
        __class__ __delattr__ __dir__ __doc__ __eq__ __format__ __ge__ __getattribute__ __getstate__ __gt__ __hash__ __init__
        __init_subclass__ __le__ __lt__ __ne__ __new__ __reduce__ __reduce_ex__ __repr__ __setattr__ __sizeof__ __str__ __subclasshook__
        """
    );

    private static readonly FrozenSet<string> OfContainers = Words(
        """
        __add__ __class_getitem__ __contains__ __delitem__ __getitem__ __getnewargs__ __iadd__ __imul__ __ior__ __iter__ __len__
        __mod__ __mul__ __or__ __reversed__ __rmod__ __rmul__ __ror__ __setitem__ __html__ __html_format__
        """
    );

    private static readonly FrozenSet<string> OfUndefined = Words("__bool__ __call__ __getattr__ __getitem__ __iter__ __len__ __module__");

    private static readonly FrozenSet<string> OfStrings = Words(
        """
        capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha isascii isdecimal isdigit
        isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix
        removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate
        upper zfill
        """
    );

    private static readonly FrozenSet<string> OfMappings = Words("copy fromkeys get items keys values");
    private static readonly FrozenSet<string> OfTuples = Words("count index");
    private static readonly FrozenSet<string> OfIntegers = Words(
        "as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes"
    );

    private static readonly FrozenSet<string> OfFloats = Words("as_integer_ratio conjugate fromhex hex imag is_integer real");
    private static readonly FrozenSet<string> OfMacros = Words("arguments caller catch_kwargs catch_varargs explicit_caller name");
    private static readonly FrozenSet<string> ChangeMappings = Words("clear pop popitem setdefault update");
    private static readonly FrozenSet<string> ChangeLists = Words("append clear extend insert pop remove reverse sort");

    /// <summary>The attribute, an undefined value that tells why it is refused, or null where the type has none of that name.</summary>
    public static Value? Find(Value of, string name)
    {
        if (of is NamespaceValue space)
        {
            Value? own = space.Attributes.Find(name);
            return name[..Math.Min(1, name.Length)] == "_" && (own is not null || name is "__class__" or "_Namespace__attrs")
                ? UndefinedValue.Unsafe(of, name)
                : own;
        }
        if (name.StartsWith('_'))
            return Private(of, name) ? UndefinedValue.Unsafe(of, name) : null;
        return of switch
        {
            StringValue => OfStrings.Contains(name) || (((StringValue)of).IsMarkup && name is ("escape" or "striptags" or "unescape"))
                ? Method(of, name)
                : null,
            MappingValue => OfMappings.Contains(name) ? Method(of, name)
            : ChangeMappings.Contains(name) ? UndefinedValue.Unsafe(of, name)
            : null,
            ListValue => name is "copy" or "count" or "index" ? Method(of, name)
            : ChangeLists.Contains(name) ? UndefinedValue.Unsafe(of, name)
            : null,
            TupleValue { IsGroup: true } group when name is "grouper" or "list" => group.Items[name == "list" ? 1 : 0],
            TupleValue or RangeValue when OfTuples.Contains(name) => Method(of, name),
            RangeValue range when name is "start" or "stop" or "step" => IntegerValue.Of(
                name == "start" ? range.Start
                : name == "stop" ? range.Stop
                : range.Step
            ),
            IntegerValue or BooleanValue => OfIntegers.Contains(name)
                ? CollectionMethods.NumberAttribute(of, name) ?? Method(of, name)
                : null,
            FloatValue => OfFloats.Contains(name) ? CollectionMethods.NumberAttribute(of, name) ?? Method(of, name) : null,
            LoopValue loop => loop.Attribute(name),
            MacroValue macro => OfMacros.Contains(name) ? macro.Macro.Attribute(name) : null,
            CyclerValue cycler => name switch
            {
                "current" => cycler.Current,
                "items" => cycler.Items,
                "pos" => cycler.Position,
                "next" or "reset" => Method(of, name),
                _ => null,
            },
            MappingViewValue when name is "mapping" or "isdisjoint" => throw TemplateFault.Unsupported(
                $"the engine has no attribute {of.TypeName}.{name}"
            ),
            IteratorValue => name is "send" or "throw" or "close"
                ? throw TemplateFault.Unsupported($"the engine has no {of.TypeName}.{name}")
                : null,
            MethodValue or FunctionValue or JoinerValue => throw TemplateFault.Unsupported(
                $"the engine has no attributes of a value of type '{of.TypeName}'"
            ),
            _ => null,
        };
    }

    private static MethodValue Method(Value of, string name) => new(of, name);

    private static bool Private(Value of, string name) =>
        OfObjects.Contains(name)
        || (of is UndefinedValue && OfUndefined.Contains(name))
        || (OfContainers.Contains(name) && of is (StringValue or SequenceValue or MappingValue or MappingViewValue or RangeValue))
        || of is LoopValue or MacroValue or CyclerValue or FunctionValue or MethodValue;

    private static FrozenSet<string> Words(string words) =>
        words.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
