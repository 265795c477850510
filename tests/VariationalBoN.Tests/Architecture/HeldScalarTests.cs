using Mono.Cecil;
using Mono.Cecil.Cil;

namespace VariationalBoN.Tests.Architecture;

/// <summary>
/// Numbers for libtorch are held until the call returns (docs/troubleshooting.md): a conversion to Scalar goes into a variable, and sums of tensors, whose factor 1 TorchSharp
/// converts itself, are written with one.
/// </summary>
[Trait("Tier", "fast")]
public sealed class HeldScalarTests
{
    [Fact]
    public void No_number_is_left_to_the_garbage_collector_during_a_call()
    {
        using var module = ModuleDefinition.ReadModule(typeof(Completion).Assembly.Location);
        Assert.Equal([], module.Types.SelectMany(Violations));
    }

    [Fact]
    public void The_rule_sees_what_breaks_it()
    {
        using var module = ModuleDefinition.ReadModule(typeof(HeldScalarTests).Assembly.Location);
        string[] found = [.. Violations(module.GetType(typeof(Careless).FullName!.Replace('+', '/')))];
        Assert.Equal(["Sum: op_Addition", "SumInPlace: add_", "Product: Scalar"], found.Select(violation => violation[(violation.LastIndexOf("::", StringComparison.Ordinal) + 2)..]));
    }

    private static IEnumerable<string> Violations(TypeDefinition type) => type.Methods.Where(method => method.HasBody)
        .SelectMany(method => method.Body.Instructions.Select(Fault).OfType<string>().Select(fault => $"{type.FullName}::{method.Name}: {fault}"))
        .Concat(type.NestedTypes.SelectMany(Violations));

    private static string? Fault(Instruction instruction)
    {
        if (instruction.Operand is not MethodReference method)
            return null;
        return (method.DeclaringType.FullName, method.Name, method.Parameters.Count) switch
        {
            ("TorchSharp.Scalar", "op_Implicit", 1) when !IsStored(instruction.Next) => "Scalar",
            ("TorchSharp.torch/Tensor", "op_Addition", 2) => method.Name,
            ("TorchSharp.torch/Tensor", "add" or "add_", 1) when method.Parameters[0].ParameterType.Name == "Tensor" => method.Name,
            _ => null,
        };
    }

    private static bool IsStored(Instruction next) => next.OpCode.Code is Code.Stloc or Code.Stloc_S or Code.Stloc_0 or Code.Stloc_1 or Code.Stloc_2 or Code.Stloc_3 or Code.Stfld;

    private static class Careless
    {
        public static TorchSharp.torch.Tensor Sum(TorchSharp.torch.Tensor a, TorchSharp.torch.Tensor b) => a + b;

        public static TorchSharp.torch.Tensor SumInPlace(TorchSharp.torch.Tensor a, TorchSharp.torch.Tensor b) => a.add_(b);

        public static TorchSharp.torch.Tensor Product(TorchSharp.torch.Tensor a) => a.mul(0.5);
    }
}
