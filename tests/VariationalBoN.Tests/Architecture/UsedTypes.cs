using Mono.Cecil;
using Mono.Cecil.Cil;

namespace VariationalBoN.Tests.Architecture;

/// <summary>All types that a type names: in its members, their signatures and their instructions, nested and generated types included.</summary>
internal static class References
{
    public static IEnumerable<TypeReference> Of(TypeDefinition type) => Named(type).Where(found => found is not null).SelectMany(found => Parts(found!)).DistinctBy(found => found.FullName);

    private static IEnumerable<TypeReference?> Named(TypeDefinition type)
    {
        IEnumerable<TypeReference?> found = [type.BaseType, .. type.Interfaces.Select(i => i.InterfaceType), .. type.Fields.Select(field => field.FieldType)];
        return found.Concat(type.Methods.SelectMany(Of)).Concat(type.NestedTypes.SelectMany(Named));
    }

    private static IEnumerable<TypeReference?> Of(MethodDefinition method)
    {
        IEnumerable<TypeReference?> signature = [method.ReturnType, .. method.Parameters.Select(parameter => parameter.ParameterType)];
        return method.HasBody
            ? signature.Concat(method.Body.Variables.Select(variable => variable.VariableType)).Concat(method.Body.Instructions.SelectMany(Of))
            : signature;
    }

    private static IEnumerable<TypeReference?> Of(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        MethodReference method => [method.DeclaringType, method.ReturnType, .. method.Parameters.Select(parameter => parameter.ParameterType), .. method is GenericInstanceMethod generic ? generic.GenericArguments : []],
        FieldReference field => [field.DeclaringType, field.FieldType],
        _ => [],
    };

    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Append(generic.ElementType),
        TypeSpecification specification => Parts(specification.ElementType),
        GenericParameter => [],
        _ => [type],
    };
}
