"""Policy as data: what was read goes in, approve / refer / decline with limits, price and reasons comes out, as a receipt."""

from weilend.decision.cases import Problem, check_policy
from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import Evaluator, binding_limit
from weilend.decision.parameters import product_parameters
from weilend.decision.policy import Policy, dump_policy, load_policy, policy_names, restore_policy
from weilend.decision.receipt import replay, seal, seals, verify_receipt

__all__ = [
    "Evaluator",
    "Policy",
    "Problem",
    "binding_limit",
    "check_policy",
    "compile_policy",
    "dump_policy",
    "load_policy",
    "policy_names",
    "product_parameters",
    "replay",
    "restore_policy",
    "seal",
    "seals",
    "verify_receipt",
]
