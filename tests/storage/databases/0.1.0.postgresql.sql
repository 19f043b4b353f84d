--
-- PostgreSQL database dump
--


-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: studydirection; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.studydirection AS ENUM (
    'NOT_SET',
    'MINIMIZE',
    'MAXIMIZE'
);


--
-- Name: trialintermediatevaluetype; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.trialintermediatevaluetype AS ENUM (
    'FINITE',
    'INF_POS',
    'INF_NEG',
    'NAN'
);


--
-- Name: trialstate; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.trialstate AS ENUM (
    'RUNNING',
    'COMPLETE',
    'PRUNED',
    'FAIL',
    'WAITING'
);


--
-- Name: trialvaluetype; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.trialvaluetype AS ENUM (
    'FINITE',
    'INF_POS',
    'INF_NEG'
);


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: elimnet_curves; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.elimnet_curves (
    trial_id integer NOT NULL,
    epoch integer NOT NULL,
    metrics json NOT NULL
);


--
-- Name: COLUMN elimnet_curves.metrics; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_curves.metrics IS 'name: number, or null for one that is not finite';


--
-- Name: elimnet_leases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.elimnet_leases (
    trial_id integer NOT NULL,
    worker character varying(255) NOT NULL,
    fence character varying(32) NOT NULL,
    status character varying(8) NOT NULL,
    heartbeat double precision NOT NULL,
    deaths integer NOT NULL,
    checkpoint text,
    epoch integer,
    counts boolean NOT NULL
);


--
-- Name: COLUMN elimnet_leases.worker; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.worker IS 'for people; empty: nobody yet';


--
-- Name: COLUMN elimnet_leases.fence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.fence IS 'what the holder has to show; new with every holder';


--
-- Name: COLUMN elimnet_leases.status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.status IS 'held, free (handed back) or done';


--
-- Name: COLUMN elimnet_leases.heartbeat; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.heartbeat IS 'seconds since 1970 by the database''s clock';


--
-- Name: COLUMN elimnet_leases.deaths; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.deaths IS 'holders that fell silent';


--
-- Name: COLUMN elimnet_leases.checkpoint; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.checkpoint IS 'artefact to resume from';


--
-- Name: COLUMN elimnet_leases.epoch; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.epoch IS 'epochs that the checkpoint holds';


--
-- Name: COLUMN elimnet_leases.counts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_leases.counts IS 'towards the budget of the study';


--
-- Name: elimnet_pulse; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.elimnet_pulse (
    pulse_id integer NOT NULL,
    seen_at double precision NOT NULL,
    resumed_at double precision NOT NULL
);


--
-- Name: COLUMN elimnet_pulse.pulse_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_pulse.pulse_id IS '1: there is one row';


--
-- Name: COLUMN elimnet_pulse.seen_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_pulse.seen_at IS 'last sign of life of any worker';


--
-- Name: COLUMN elimnet_pulse.resumed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.elimnet_pulse.resumed_at IS 'first one after a silence of all';


--
-- Name: elimnet_schema; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.elimnet_schema (
    version integer NOT NULL
);


--
-- Name: studies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.studies (
    study_id integer NOT NULL,
    study_name character varying(512) NOT NULL
);


--
-- Name: studies_study_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.studies_study_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: studies_study_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.studies_study_id_seq OWNED BY public.studies.study_id;


--
-- Name: study_directions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study_directions (
    study_direction_id integer NOT NULL,
    direction public.studydirection NOT NULL,
    study_id integer NOT NULL,
    objective integer NOT NULL
);


--
-- Name: study_directions_study_direction_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.study_directions_study_direction_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: study_directions_study_direction_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.study_directions_study_direction_id_seq OWNED BY public.study_directions.study_direction_id;


--
-- Name: study_system_attributes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study_system_attributes (
    study_system_attribute_id integer NOT NULL,
    study_id integer,
    key character varying(512),
    value_json text
);


--
-- Name: study_system_attributes_study_system_attribute_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.study_system_attributes_study_system_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: study_system_attributes_study_system_attribute_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.study_system_attributes_study_system_attribute_id_seq OWNED BY public.study_system_attributes.study_system_attribute_id;


--
-- Name: study_user_attributes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study_user_attributes (
    study_user_attribute_id integer NOT NULL,
    study_id integer,
    key character varying(512),
    value_json text
);


--
-- Name: study_user_attributes_study_user_attribute_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.study_user_attributes_study_user_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: study_user_attributes_study_user_attribute_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.study_user_attributes_study_user_attribute_id_seq OWNED BY public.study_user_attributes.study_user_attribute_id;


--
-- Name: trial_heartbeats; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trial_heartbeats (
    trial_heartbeat_id integer NOT NULL,
    trial_id integer NOT NULL,
    heartbeat timestamp without time zone NOT NULL
);


--
-- Name: trial_heartbeats_trial_heartbeat_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.trial_heartbeats_trial_heartbeat_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: trial_heartbeats_trial_heartbeat_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.trial_heartbeats_trial_heartbeat_id_seq OWNED BY public.trial_heartbeats.trial_heartbeat_id;


--
-- Name: trial_intermediate_values; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trial_intermediate_values (
    trial_intermediate_value_id integer NOT NULL,
    trial_id integer NOT NULL,
    step integer NOT NULL,
    intermediate_value double precision,
    intermediate_value_type public.trialintermediatevaluetype NOT NULL
);


--
-- Name: trial_intermediate_values_trial_intermediate_value_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.trial_intermediate_values_trial_intermediate_value_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: trial_intermediate_values_trial_intermediate_value_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.trial_intermediate_values_trial_intermediate_value_id_seq OWNED BY public.trial_intermediate_values.trial_intermediate_value_id;


--
-- Name: trial_params; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trial_params (
    param_id integer NOT NULL,
    trial_id integer,
    param_name character varying(512),
    param_value double precision,
    distribution_json text
);


--
-- Name: trial_params_param_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.trial_params_param_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: trial_params_param_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.trial_params_param_id_seq OWNED BY public.trial_params.param_id;


--
-- Name: trial_system_attributes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trial_system_attributes (
    trial_system_attribute_id integer NOT NULL,
    trial_id integer,
    key character varying(512),
    value_json text
);


--
-- Name: trial_system_attributes_trial_system_attribute_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.trial_system_attributes_trial_system_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: trial_system_attributes_trial_system_attribute_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.trial_system_attributes_trial_system_attribute_id_seq OWNED BY public.trial_system_attributes.trial_system_attribute_id;


--
-- Name: trial_user_attributes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trial_user_attributes (
    trial_user_attribute_id integer NOT NULL,
    trial_id integer,
    key character varying(512),
    value_json text
);


--
-- Name: trial_user_attributes_trial_user_attribute_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.trial_user_attributes_trial_user_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: trial_user_attributes_trial_user_attribute_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.trial_user_attributes_trial_user_attribute_id_seq OWNED BY public.trial_user_attributes.trial_user_attribute_id;


--
-- Name: trial_values; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trial_values (
    trial_value_id integer NOT NULL,
    trial_id integer NOT NULL,
    objective integer NOT NULL,
    value double precision,
    value_type public.trialvaluetype NOT NULL
);


--
-- Name: trial_values_trial_value_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.trial_values_trial_value_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: trial_values_trial_value_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.trial_values_trial_value_id_seq OWNED BY public.trial_values.trial_value_id;


--
-- Name: trials; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trials (
    trial_id integer NOT NULL,
    number integer,
    study_id integer,
    state public.trialstate NOT NULL,
    datetime_start timestamp without time zone,
    datetime_complete timestamp without time zone
);


--
-- Name: trials_trial_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.trials_trial_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: trials_trial_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.trials_trial_id_seq OWNED BY public.trials.trial_id;


--
-- Name: version_info; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.version_info (
    version_info_id integer NOT NULL,
    schema_version integer,
    library_version character varying(256),
    CONSTRAINT version_info_version_info_id_check CHECK ((version_info_id = 1))
);


--
-- Name: studies study_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.studies ALTER COLUMN study_id SET DEFAULT nextval('public.studies_study_id_seq'::regclass);


--
-- Name: study_directions study_direction_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_directions ALTER COLUMN study_direction_id SET DEFAULT nextval('public.study_directions_study_direction_id_seq'::regclass);


--
-- Name: study_system_attributes study_system_attribute_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system_attributes ALTER COLUMN study_system_attribute_id SET DEFAULT nextval('public.study_system_attributes_study_system_attribute_id_seq'::regclass);


--
-- Name: study_user_attributes study_user_attribute_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_user_attributes ALTER COLUMN study_user_attribute_id SET DEFAULT nextval('public.study_user_attributes_study_user_attribute_id_seq'::regclass);


--
-- Name: trial_heartbeats trial_heartbeat_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_heartbeats ALTER COLUMN trial_heartbeat_id SET DEFAULT nextval('public.trial_heartbeats_trial_heartbeat_id_seq'::regclass);


--
-- Name: trial_intermediate_values trial_intermediate_value_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_intermediate_values ALTER COLUMN trial_intermediate_value_id SET DEFAULT nextval('public.trial_intermediate_values_trial_intermediate_value_id_seq'::regclass);


--
-- Name: trial_params param_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_params ALTER COLUMN param_id SET DEFAULT nextval('public.trial_params_param_id_seq'::regclass);


--
-- Name: trial_system_attributes trial_system_attribute_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_system_attributes ALTER COLUMN trial_system_attribute_id SET DEFAULT nextval('public.trial_system_attributes_trial_system_attribute_id_seq'::regclass);


--
-- Name: trial_user_attributes trial_user_attribute_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_user_attributes ALTER COLUMN trial_user_attribute_id SET DEFAULT nextval('public.trial_user_attributes_trial_user_attribute_id_seq'::regclass);


--
-- Name: trial_values trial_value_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_values ALTER COLUMN trial_value_id SET DEFAULT nextval('public.trial_values_trial_value_id_seq'::regclass);


--
-- Name: trials trial_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trials ALTER COLUMN trial_id SET DEFAULT nextval('public.trials_trial_id_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('v3.2.0.a');


--
-- Data for Name: elimnet_curves; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.elimnet_curves VALUES (1, 1, '{"train_loss": 1.042067527770996, "train_accuracy": 0.5333333333333333, "train_f1_macro": 0.5405228758169934, "validation_loss": 1.0969487428665161, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.002, "seconds": 1.236090721000437, "images_per_second": 32.791744050585315}');
INSERT INTO public.elimnet_curves VALUES (1, 2, '{"train_loss": 0.6281835556030273, "train_accuracy": 0.9, "train_f1_macro": 0.901940842444275, "validation_loss": 1.034972071647644, "validation_accuracy": 0.6666666666666666, "f1_macro": 0.5555555555555555, "learning_rate": 0.0015, "seconds": 0.7470416179994572, "images_per_second": 49.31723728960828}');
INSERT INTO public.elimnet_curves VALUES (2, 1, '{"train_loss": 1.0390984853108725, "train_accuracy": 0.4, "train_f1_macro": 0.3333333333333333, "validation_loss": 1.1064767837524414, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.006603460279418645, "seconds": 0.28540199899998697, "images_per_second": 120.46999344024941}');
INSERT INTO public.elimnet_curves VALUES (2, 2, '{"train_loss": 0.692862065633138, "train_accuracy": 0.7, "train_f1_macro": 0.6238244514106583, "validation_loss": 1.1004387140274048, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.004952595209563984, "seconds": 0.6873141249998298, "images_per_second": 55.28454467718834}');
INSERT INTO public.elimnet_curves VALUES (3, 1, '{"train_loss": 1.1032557169596353, "train_accuracy": 0.4, "train_f1_macro": 0.37407407407407406, "validation_loss": 1.1061919927597046, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0012107565125422217, "seconds": 0.2846671859988419, "images_per_second": 126.97724683306929}');
INSERT INTO public.elimnet_curves VALUES (3, 2, '{"train_loss": 0.6168578465779623, "train_accuracy": 0.9333333333333333, "train_f1_macro": 0.9326599326599326, "validation_loss": 1.074780821800232, "validation_accuracy": 0.6666666666666666, "f1_macro": 0.5555555555555555, "learning_rate": 0.0009080673844066664, "seconds": 0.2266488240011313, "images_per_second": 164.4514183536066}');
INSERT INTO public.elimnet_curves VALUES (4, 1, '{"train_loss": 0.9077183405558268, "train_accuracy": 0.6333333333333333, "train_f1_macro": 0.6333333333333333, "validation_loss": 1.100426197052002, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0011922748832784388, "seconds": 0.5368815399988307, "images_per_second": 65.54593159456012}');
INSERT INTO public.elimnet_curves VALUES (4, 2, '{"train_loss": 0.7202367782592773, "train_accuracy": 0.7666666666666667, "train_f1_macro": 0.7452380952380953, "validation_loss": 1.0989784002304077, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0008942061624588292, "seconds": 0.4323470500003168, "images_per_second": 80.93536941680964}');
INSERT INTO public.elimnet_curves VALUES (5, 1, '{"f1_macro": 0.5, "train_loss": 1.0, "validation_loss": 1.0, "seconds": 0.5}');


--
-- Data for Name: elimnet_leases; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.elimnet_leases VALUES (1, 'host-6867', '15d58f5e06944fd19e3dc632b47e15f5', 'done', 1796055925.370136, 0, '771b8623-3b7c-4537-8cea-873dcc6b25c3', 2, true);
INSERT INTO public.elimnet_leases VALUES (2, 'host-6867', '33f48b076f7f4732bb3a0ecf34447db7', 'done', 1796055932.526104, 0, '259aa66b-4148-401d-9e28-1370ac5f73bf', 2, true);
INSERT INTO public.elimnet_leases VALUES (3, 'host-6867', '8fd2798df1fe425ab9612919a5f9d3c8', 'done', 1796055938.278107, 0, 'c7af128c-57d1-4240-b929-5bb50e2abf25', 2, true);
INSERT INTO public.elimnet_leases VALUES (4, 'host-6867', 'dcb211d9a90540e2922c53ed4bf7c4bc', 'done', 1796055941.775049, 0, '9c947864-da3e-484a-bcab-15fc641a4a9a', 2, true);
INSERT INTO public.elimnet_leases VALUES (5, 'host-1', '4008e38415d7488c89edbac1b37e5961', 'free', 1796055961.942205, 0, NULL, NULL, true);


--
-- Data for Name: elimnet_pulse; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.elimnet_pulse VALUES (1, 1796055942.01417, 1796055916.766185);


--
-- Data for Name: elimnet_schema; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.elimnet_schema VALUES (1);


--
-- Data for Name: studies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.studies VALUES (1, 'old/elimination');
INSERT INTO public.studies VALUES (2, 'old/scratch');


--
-- Data for Name: study_directions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.study_directions VALUES (1, 'MAXIMIZE', 1, 0);
INSERT INTO public.study_directions VALUES (2, 'MINIMIZE', 1, 1);
INSERT INTO public.study_directions VALUES (3, 'MAXIMIZE', 2, 0);
INSERT INTO public.study_directions VALUES (4, 'MINIMIZE', 2, 1);


--
-- Data for Name: study_system_attributes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.study_system_attributes VALUES (1, 1, 'study:metric_names', '["f1_macro", "parameters"]');
INSERT INTO public.study_system_attributes VALUES (2, 2, 'study:metric_names', '["f1_macro", "parameters"]');
INSERT INTO public.study_system_attributes VALUES (3, 1, 'dashboard:artifacts:1:1075f780-1cb9-4232-866c-38d69764734d', '"{\"artifact_id\": \"1075f780-1cb9-4232-866c-38d69764734d\", \"filename\": \"confusion_matrix.png\", \"mimetype\": \"image/png\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (4, 1, 'dashboard:artifacts:1:31d7adc0-546a-45a2-956f-59fb8309ddc2', '"{\"artifact_id\": \"31d7adc0-546a-45a2-956f-59fb8309ddc2\", \"filename\": \"model_card.md\", \"mimetype\": \"text/markdown\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (5, 1, 'dashboard:artifacts:1:32691d11-0a60-4c20-bccf-0f3b50376ee7', '"{\"artifact_id\": \"32691d11-0a60-4c20-bccf-0f3b50376ee7\", \"filename\": \"model.safetensors\", \"mimetype\": \"application/octet-stream\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (6, 1, 'dashboard:artifacts:1:78826f01-7f53-4063-b0c1-0dfc882a939e', '"{\"artifact_id\": \"78826f01-7f53-4063-b0c1-0dfc882a939e\", \"filename\": \"model.json\", \"mimetype\": \"application/json\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (7, 1, 'elimnet:turn:feed', '1796055929.146039');
INSERT INTO public.study_system_attributes VALUES (8, 1, 'dashboard:note_ver', '2');
INSERT INTO public.study_system_attributes VALUES (10, 1, 'dashboard:1:note_ver', '2');
INSERT INTO public.study_system_attributes VALUES (15, 2, 'dashboard:note_ver', '2');
INSERT INTO public.study_system_attributes VALUES (20, 2, 'dashboard:artifacts:2:05495951-3f5d-48a0-959a-8d19956ade20', '"{\"artifact_id\": \"05495951-3f5d-48a0-959a-8d19956ade20\", \"filename\": \"confusion_matrix.png\", \"mimetype\": \"image/png\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (21, 2, 'dashboard:artifacts:2:3f175f76-9f6f-4764-8e6a-738a68b50e69', '"{\"artifact_id\": \"3f175f76-9f6f-4764-8e6a-738a68b50e69\", \"filename\": \"model_card.md\", \"mimetype\": \"text/markdown\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (22, 2, 'dashboard:artifacts:2:b8a99d44-4231-4ca4-8c04-904f9280d704', '"{\"artifact_id\": \"b8a99d44-4231-4ca4-8c04-904f9280d704\", \"filename\": \"model.safetensors\", \"mimetype\": \"application/octet-stream\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (23, 2, 'dashboard:artifacts:2:ca34e22f-d67a-4bc0-b587-ad52d46a322e', '"{\"artifact_id\": \"ca34e22f-d67a-4bc0-b587-ad52d46a322e\", \"filename\": \"model.json\", \"mimetype\": \"application/json\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (24, 1, 'dashboard:artifacts:3:b459ce3c-f688-45c2-9034-7312d1ee61ac', '"{\"artifact_id\": \"b459ce3c-f688-45c2-9034-7312d1ee61ac\", \"filename\": \"confusion_matrix.png\", \"mimetype\": \"image/png\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (25, 1, 'dashboard:artifacts:3:65dee60e-6037-426c-8896-af8418747c98', '"{\"artifact_id\": \"65dee60e-6037-426c-8896-af8418747c98\", \"filename\": \"model_card.md\", \"mimetype\": \"text/markdown\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (26, 1, 'dashboard:artifacts:3:ef56d4a3-1725-479d-b5ee-ff43549bb189', '"{\"artifact_id\": \"ef56d4a3-1725-479d-b5ee-ff43549bb189\", \"filename\": \"model.safetensors\", \"mimetype\": \"application/octet-stream\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (27, 1, 'dashboard:artifacts:3:86339b3f-62b6-4cbb-ac7d-60b9dfe72ef3', '"{\"artifact_id\": \"86339b3f-62b6-4cbb-ac7d-60b9dfe72ef3\", \"filename\": \"model.json\", \"mimetype\": \"application/json\", \"encoding\": null}"');
INSERT INTO public.study_system_attributes VALUES (9, 1, 'dashboard:note_str:0', '"## old: elimination\n\n- **Searched:** cuts of `test_resnet` (random weights) with heads `pool_linear`, `conv1x1`, `conv3x3`, `multi_tap`; pictures of 32 px, at most 5,000,000 parameters\n- **Data:** pictures (fingerprint f46c867ed31f), 3 classes, 30 train, 9 validation, 9 test pictures\n- **Budget:** 2 trials\n- **Trials so far:** 2 complete; 0.0 minutes of training\n- **Best F1:** 0.556 with 372,979 parameters ([elimination 0](/dashboard/studies/1/trials?numbers=0))\n- **Hypervolume:** 0.1984, 74 % of the joint 0.2682, which would lose 0.1389 without this study; 2 of the 3 on the joint front are from here\n\n### Joint front of elimination, scratch\n\n| \u00a0trial\u00a0 | \u00a0F1\u00a0 | \u00a0parameters\u00a0 | \u00a0MACs\u00a0 | \u00a0% F1\u00a0 | \u00a0% par.\u00a0 | \u00a0network\u00a0 |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n| \u00a0[scratch 0](/dashboard/studies/2/trials?numbers=0)\u00a0 | \u00a00.167\u00a0 | \u00a07,879\u00a0 | \u00a01.56M\u00a0 | \u00a030 %\u00a0 | \u00a02.1 %\u00a0 | \u00a0irv3\\_c16 irv3\\_c32 + pool\\_linear, 32 px\u00a0 |\n| \u00a0[elimination 0](/dashboard/studies/1/trials?numbers=0)\u00a0 | \u00a00.556\u00a0 | \u00a0372,979\u00a0 | \u00a04.1M\u00a0 | \u00a0100 %\u00a0 | \u00a0100 %\u00a0 | \u00a0test\\_resnet uncut, 32 px\u00a0 |\n| \u00a0[elimination 1](/dashboard/studies/1/trials?numbers=1)\u00a0 | \u00a00.556\u00a0 | \u00a0372,979\u00a0 | \u00a04.1M\u00a0 | \u00a0100 %\u00a0 | \u00a0100 %\u00a0 | \u00a0test\\_resnet uncut, 32 px\u00a0 |\n\nF1 is validation macro F1, not a test score. Hypervolume, 0 to 1: area under the front with F1 from 0 to 1 and log10(parameters) from 1k to 10M, that is the best F1 under a parameter limit, averaged over limits from 1k to 10M on a log scale.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO public.study_system_attributes VALUES (11, 1, 'dashboard:1:note_str:0', '"## On the joint front: F1 0.556 with 372,979 parameters and 4.1M MACs\n\nNo candidate of any study is better with as few parameters, or as good with fewer. The next smaller one on the front, [scratch 0](/dashboard/studies/2/trials?numbers=0), has 2.1 % of its parameters and 0.389 less F1. The next larger one, [elimination 1](/dashboard/studies/1/trials?numbers=1), has 1.0 times its parameters and 0.000 more F1.\n\n**Network:** The whole backbone `test_resnet` with random weights and a new last layer. Its head: the backbone''s own pooling, dropout 0.10, a linear layer. Pictures of 32 px.\n\n**Recipe:** 2 epochs of batches of 16; AdamW, learning rate 0.003 after 1 epoch of warm-up, then a cosine to 0; weight decay 0.05; label smoothing 0.1; augmentation 0.50 of 1, without mirroring; gradients clipped at 1. Seed 0.\n\n**Model:** `confusion_matrix.png`, `model.json`, `model.safetensors`, `model_card.md` are among this trial''s artifacts.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO public.study_system_attributes VALUES (32, 1, 'dashboard:3:note_ver', '1');
INSERT INTO public.study_system_attributes VALUES (33, 1, 'dashboard:3:note_str:0', '"## On the joint front: F1 0.556 with 372,979 parameters and 4.1M MACs\n\nNo candidate of any study is better with as few parameters, or as good with fewer. The next smaller one on the front, [elimination 0](/dashboard/studies/1/trials?numbers=0), has 100 % of its parameters and 0.000 less F1.\n\n**Network:** The whole backbone `test_resnet` with random weights and a new last layer. Its head: the backbone''s own pooling, dropout 0.13, a linear layer. Pictures of 32 px.\n\n**Recipe:** 2 epochs of batches of 16; AdamW, learning rate 0.00182 after 1 epoch of warm-up, then a cosine to 0; weight decay 0.0278; label smoothing 0.1; augmentation 0.19 of 1, without mirroring; gradients clipped at 1. Seed 0.\n\n**Model:** `confusion_matrix.png`, `model.json`, `model.safetensors`, `model_card.md` are among this trial''s artifacts.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO public.study_system_attributes VALUES (12, 1, 'dashboard:plot_data:joint-front:0', '"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"joint front\", \"x\": [7879.0, 372979.0, 372979.0, 372979.0], \"y\": [0.16666666666666666, 0.5555555555555555, 0.5555555555555555, 0.5555555555555555], \"line\": {\"shape\": \"hv\", \"color\": \"#555555\", \"width\": 1.5}, \"hoverinfo\": \"skip\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"elimination: joint front\", \"marker\": {\"size\": 11, \"color\": \"#0072B2\", \"symbol\": \"circle\"}, \"x\": [372979.0, 372979.0], \"y\": [0.5555555555555555, 0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\", \"elimination 1, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout:<br>0.1318698959178076}, family: eliminated,<br>backbone: test_resnet}, initial_weights:<br>random, recipe: {epochs: 2, batch_size: 16,<br>optimizer: adamw, learning_rate:<br>0.0018161347688133327, trunk_learning_rate:<br>1.0, weight_decay: 0.027768359005238358,<br>momentum: 0.9, warmup_epochs: 1.0,<br>label_smoothing: 0.1, gradient_clip: 1.0,<br>augmentation: 0.18671856995174063,<br>first_size: 1.0, flip: false, froz"');
INSERT INTO public.study_system_attributes VALUES (13, 1, 'dashboard:plot_data:joint-front:1', '"en_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09, 6.622738357719982e-09], \"arrayminus\": [0.0, 0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: others\", \"marker\": {\"size\": 7, \"opacity\": 0.3, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [16917.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 1<br>mbconv_c32_r2 + pool_linear, 32 px<br>F1 0.167 (n 1)<br>16,917 parameters, 3.51M MACs<br>of the uncut network: 30 % of its F1<br>and 4.5 % of its parameters\"], \"hovertemplate\": \"%{text}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: joint front\", \"marker\": {\"size\": 11, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [7879.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 0, on the joint front<br>irv3_c16 irv3_c32 + pool_linear, 32 px<br>F1 0.167 (n 1)<br>95 % over other pictures: .167-.167<br>7,879 parameters, 1.56M MACs<br>of the uncut network: 30 % of its F1<br>and 2.1 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: pool_linear, dropout:<br>0.3556896674829243}, family: scratch,<br>stem_channels: 8, stages: [{block:<br>inverted_residual_v3, channels: 16, repeats:<br>1, kernel: 5, stride: 1, activation: silu,<br>expansion: 6.0, squeeze_excitation: false,<br>stochastic_depth: 0.0}, {block:<br>inverted_residual_v3, channels: 32, repeats:<br>1, kernel: 5, stride: 1, activation: relu,<br>expansion: 3.0, squeeze_excitation: true,<br>stochastic_depth: 0.0}]}, initial_weights:<br>random, recipe: {epochs: 2, batch_size: 16,<br>optimizer: adamw, learning_rate:<br>0.009905190419127968, trunk_learning_rate:<br>1.0, weight_decay: 0.005350992866264075,<br>momentum: 0.9, warmup_epochs: 1.0,<br>label_smoothing: 0.1, gradient_clip: 1.0,<br>augmentation: 0.09472296139866854,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillati"');
INSERT INTO public.study_system_attributes VALUES (36, 1, 'dashboard:plot_data:joint-front:2', '"on: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [0.0], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"uncut network\", \"marker\": {\"size\": 15, \"color\": \"#ffffff\", \"symbol\": \"star\", \"line\": {\"width\": 1.5, \"color\": \"#000000\"}}, \"x\": [372979.0], \"y\": [0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"type\": \"log\", \"title\": {\"text\": \"parameters (log scale)\"}, \"range\": [3.7764711004792773, 5.6916843802246015], \"tickvals\": [1000.0, 2000.0, 5000.0, 10000.0, 20000.0, 50000.0, 100000.0, 200000.0, 500000.0, 1000000.0, 2000000.0, 5000000.0], \"ticktext\": [\"1k\", \"2k\", \"5k\", \"10k\", \"20k\", \"50k\", \"100k\", \"200k\", \"500k\", \"1M\", \"2M\", \"5M\"]}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sans-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolo"');
INSERT INTO public.study_system_attributes VALUES (37, 1, 'dashboard:plot_data:joint-front:3', '"r\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Joint front of all studies<br><sub>bars: 95 % over other pictures</sub>\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');
INSERT INTO public.study_system_attributes VALUES (14, 1, 'dashboard:plot_data:learning-curves:0', '"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"scratch 0, #0\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.16666666666666666], \"line\": {\"color\": \"#D55E00\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"elimination 0, uncut test_resnet\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.5555555555555555], \"line\": {\"color\": \"#0072B2\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"elimination 1, uncut test_resnet\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.5555555555555555], \"line\": {\"color\": \"#0072B2\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"epoch\"}, \"dtick\": 1}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sans-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolor\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Learning curves of the joint front\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');
INSERT INTO public.study_system_attributes VALUES (16, 2, 'dashboard:note_str:0', '"## old: scratch\n\n- **Searched:** networks from random weights, 1 to 2 stages of dwconv, inverted_residual_v3, mbconv; pictures of 32 px, at most 5,000,000 parameters\n- **Data:** pictures (fingerprint f46c867ed31f), 3 classes, 30 train, 9 validation, 9 test pictures\n- **Budget:** 2 trials\n- **Trials so far:** 2 complete; 0.0 minutes of training\n- **Best F1:** 0.167 with 7,879 parameters ([scratch 0](/dashboard/studies/2/trials?numbers=0))\n- **Hypervolume:** 0.1293, 48 % of the joint 0.2682, which would lose 0.0698 without this study; 1 of the 3 on the joint front are from here\n\n### Joint front of elimination, scratch\n\n| \u00a0trial\u00a0 | \u00a0F1\u00a0 | \u00a0parameters\u00a0 | \u00a0MACs\u00a0 | \u00a0% F1\u00a0 | \u00a0% par.\u00a0 | \u00a0network\u00a0 |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n| \u00a0[scratch 0](/dashboard/studies/2/trials?numbers=0)\u00a0 | \u00a00.167\u00a0 | \u00a07,879\u00a0 | \u00a01.56M\u00a0 | \u00a030 %\u00a0 | \u00a02.1 %\u00a0 | \u00a0irv3\\_c16 irv3\\_c32 + pool\\_linear, 32 px\u00a0 |\n| \u00a0[elimination 0](/dashboard/studies/1/trials?numbers=0)\u00a0 | \u00a00.556\u00a0 | \u00a0372,979\u00a0 | \u00a04.1M\u00a0 | \u00a0100 %\u00a0 | \u00a0100 %\u00a0 | \u00a0test\\_resnet uncut, 32 px\u00a0 |\n| \u00a0[elimination 1](/dashboard/studies/1/trials?numbers=1)\u00a0 | \u00a00.556\u00a0 | \u00a0372,979\u00a0 | \u00a04.1M\u00a0 | \u00a0100 %\u00a0 | \u00a0100 %\u00a0 | \u00a0test\\_resnet uncut, 32 px\u00a0 |\n\nF1 is validation macro F1, not a test score. Hypervolume, 0 to 1: area under the front with F1 from 0 to 1 and log10(parameters) from 1k to 10M, that is the best F1 under a parameter limit, averaged over limits from 1k to 10M on a log scale.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO public.study_system_attributes VALUES (41, 2, 'dashboard:2:note_ver', '1');
INSERT INTO public.study_system_attributes VALUES (42, 2, 'dashboard:2:note_str:0', '"## On the joint front: F1 0.167 with 7,879 parameters and 1.56M MACs\n\nNo candidate of any study is better with as few parameters, or as good with fewer. The next larger one, [elimination 0](/dashboard/studies/1/trials?numbers=0), has 47.3 times its parameters and 0.389 more F1.\n\n**Network:** Built from random weights: a stem of 8 channels and stride 2, then 1 \u00d7 inverted_residual_v3 of 16 channels, kernel 5, expansion 6, silu; 1 \u00d7 inverted_residual_v3 of 32 channels, kernel 5, expansion 3, squeeze-and-excitation, relu. Its head: global average pooling, dropout 0.36, a linear layer. Pictures of 32 px.\n\n**Recipe:** 2 epochs of batches of 16; AdamW, learning rate 0.00991 after 1 epoch of warm-up, then a cosine to 0; weight decay 0.00535; label smoothing 0.1; augmentation 0.09 of 1, without mirroring; gradients clipped at 1. Seed 0.\n\n**Model:** `confusion_matrix.png`, `model.json`, `model.safetensors`, `model_card.md` are among this trial''s artifacts.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO public.study_system_attributes VALUES (17, 2, 'dashboard:plot_data:joint-front:0', '"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"joint front\", \"x\": [7879.0, 372979.0, 372979.0, 372979.0], \"y\": [0.16666666666666666, 0.5555555555555555, 0.5555555555555555, 0.5555555555555555], \"line\": {\"shape\": \"hv\", \"color\": \"#555555\", \"width\": 1.5}, \"hoverinfo\": \"skip\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"elimination: joint front\", \"marker\": {\"size\": 11, \"color\": \"#0072B2\", \"symbol\": \"circle\"}, \"x\": [372979.0, 372979.0], \"y\": [0.5555555555555555, 0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\", \"elimination 1, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout:<br>0.1318698959178076}, family: eliminated,<br>backbone: test_resnet}, initial_weights:<br>random, recipe: {epochs: 2, batch_size: 16,<br>optimizer: adamw, learning_rate:<br>0.0018161347688133327, trunk_learning_rate:<br>1.0, weight_decay: 0.027768359005238358,<br>momentum: 0.9, warmup_epochs: 1.0,<br>label_smoothing: 0.1, gradient_clip: 1.0,<br>augmentation: 0.18671856995174063,<br>first_size: 1.0, flip: false, froz"');
INSERT INTO public.study_system_attributes VALUES (18, 2, 'dashboard:plot_data:joint-front:1', '"en_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09, 6.622738357719982e-09], \"arrayminus\": [0.0, 0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: others\", \"marker\": {\"size\": 7, \"opacity\": 0.3, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [16917.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 1<br>mbconv_c32_r2 + pool_linear, 32 px<br>F1 0.167 (n 1)<br>16,917 parameters, 3.51M MACs<br>of the uncut network: 30 % of its F1<br>and 4.5 % of its parameters\"], \"hovertemplate\": \"%{text}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: joint front\", \"marker\": {\"size\": 11, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [7879.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 0, on the joint front<br>irv3_c16 irv3_c32 + pool_linear, 32 px<br>F1 0.167 (n 1)<br>95 % over other pictures: .167-.167<br>7,879 parameters, 1.56M MACs<br>of the uncut network: 30 % of its F1<br>and 2.1 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: pool_linear, dropout:<br>0.3556896674829243}, family: scratch,<br>stem_channels: 8, stages: [{block:<br>inverted_residual_v3, channels: 16, repeats:<br>1, kernel: 5, stride: 1, activation: silu,<br>expansion: 6.0, squeeze_excitation: false,<br>stochastic_depth: 0.0}, {block:<br>inverted_residual_v3, channels: 32, repeats:<br>1, kernel: 5, stride: 1, activation: relu,<br>expansion: 3.0, squeeze_excitation: true,<br>stochastic_depth: 0.0}]}, initial_weights:<br>random, recipe: {epochs: 2, batch_size: 16,<br>optimizer: adamw, learning_rate:<br>0.009905190419127968, trunk_learning_rate:<br>1.0, weight_decay: 0.005350992866264075,<br>momentum: 0.9, warmup_epochs: 1.0,<br>label_smoothing: 0.1, gradient_clip: 1.0,<br>augmentation: 0.09472296139866854,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillati"');
INSERT INTO public.study_system_attributes VALUES (45, 2, 'dashboard:plot_data:joint-front:2', '"on: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [0.0], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"uncut network\", \"marker\": {\"size\": 15, \"color\": \"#ffffff\", \"symbol\": \"star\", \"line\": {\"width\": 1.5, \"color\": \"#000000\"}}, \"x\": [372979.0], \"y\": [0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"type\": \"log\", \"title\": {\"text\": \"parameters (log scale)\"}, \"range\": [3.7764711004792773, 5.6916843802246015], \"tickvals\": [1000.0, 2000.0, 5000.0, 10000.0, 20000.0, 50000.0, 100000.0, 200000.0, 500000.0, 1000000.0, 2000000.0, 5000000.0], \"ticktext\": [\"1k\", \"2k\", \"5k\", \"10k\", \"20k\", \"50k\", \"100k\", \"200k\", \"500k\", \"1M\", \"2M\", \"5M\"]}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sans-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolo"');
INSERT INTO public.study_system_attributes VALUES (46, 2, 'dashboard:plot_data:joint-front:3', '"r\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Joint front of all studies<br><sub>bars: 95 % over other pictures</sub>\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');
INSERT INTO public.study_system_attributes VALUES (19, 2, 'dashboard:plot_data:learning-curves:0', '"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"scratch 0, #0\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.16666666666666666], \"line\": {\"color\": \"#D55E00\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"elimination 0, uncut test_resnet\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.5555555555555555], \"line\": {\"color\": \"#0072B2\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"elimination 1, uncut test_resnet\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.5555555555555555], \"line\": {\"color\": \"#0072B2\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"epoch\"}, \"dtick\": 1}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sans-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolor\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Learning curves of the joint front\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');


--
-- Data for Name: study_user_attributes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.study_user_attributes VALUES (1, 1, 'space', '"elimination"');
INSERT INTO public.study_user_attributes VALUES (2, 1, 'settings', '{"name": "old", "data": {"source": "folder", "path": "/home/me/pictures", "annotations": "annotations.json", "class_of_category": {}, "validation_share": 0.2, "test_share": 0.2, "split_seed": 0, "fit": "stretch", "unreadable": "refuse", "max_pixels": 100000000}, "studies": {"elimination": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 1.0, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "elimination", "backbones": ["test_resnet"], "uncut": true, "heads": ["pool_linear", "conv1x1", "conv3x3", "multi_tap"], "head_widths": [64, 128, 256], "max_convolutions": 3, "trunk_learning_rate": {"low": 0.1, "high": 1.0, "log": true}, "max_frozen_stages": 3, "initial_weights": "random", "profile": true}, "scratch": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 0.5, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "scratch", "blocks": ["dwconv", "inverted_residual_v3", "mbconv"], "stages": [1, 2], "stem_channels": [8, 16, 24], "widths": [16, 32], "max_repeats": 1, "kernels": [3, 5], "expansions": [2.0, 3.0, 4.0, 6.0], "activations": ["relu", "hard_swish", "silu"], "stochastic_depths": [0.0, 0.1, 0.2], "width_multipliers": [1.0], "depth_multipliers": [1, 2], "heads": ["pool_linear", "conv1x1"], "head_widths": [64, 128, 256], "min_feature_size": 2}}, "trials": 2, "stopping": {"enabled": true, "first_rung": 0.5, "factor": 2.0, "quantile": 0.98, "least_finished": 5, "across_studies": false}, "proposals": 32, "seed": 0, "device": "cpu", "hang_seconds": 600.0, "output_dir": "/home/me/postgresql", "cache_dir": "/home/me/cache", "feature_cache_gb": 2.0, "heads_at_once": 16}');
INSERT INTO public.study_user_attributes VALUES (3, 1, 'data', '{"name": "pictures", "source": "folder", "fingerprint": "f46c867ed31f5d53b5573540b9e7f9f433fe35ad6a35a6950880b19621c73b67", "classes": ["class0", "class1", "class2"], "counts": {"train": {"class0": 10, "class1": 10, "class2": 10}, "validation": {"class0": 3, "class1": 3, "class2": 3}, "test": {"class0": 3, "class1": 3, "class2": 3}}, "shares": {"train": 0.625, "validation": 0.1875, "test": 0.1875}, "split_seed": 0, "fit": "stretch", "warnings": []}');
INSERT INTO public.study_user_attributes VALUES (4, 1, 'versions', '{"torch": "2.12.1", "timm": "1.0.31", "optuna": "5.0.0", "elimnet-search": "0.1.0"}');
INSERT INTO public.study_user_attributes VALUES (5, 1, 'python', '"3.11.7"');
INSERT INTO public.study_user_attributes VALUES (6, 1, 'backbones', '{"test_resnet": {"parameters": 372979, "macs": 4098336}}');
INSERT INTO public.study_user_attributes VALUES (7, 1, 'resolved_space', '{"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 1.0, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "max_macs": null, "max_latency_ms": null, "trials": null, "minutes": null, "space": "elimination", "backbones": ["test_resnet"], "uncut": true, "heads": ["pool_linear", "conv1x1", "conv3x3", "multi_tap"], "head_widths": [64, 128, 256], "max_convolutions": 3, "trunk_learning_rate": {"low": 0.1, "high": 1.0, "log": true}, "max_frozen_stages": 3, "initial_weights": "random", "profile": true}');
INSERT INTO public.study_user_attributes VALUES (8, 2, 'space', '"scratch"');
INSERT INTO public.study_user_attributes VALUES (9, 2, 'settings', '{"name": "old", "data": {"source": "folder", "path": "/home/me/pictures", "annotations": "annotations.json", "class_of_category": {}, "validation_share": 0.2, "test_share": 0.2, "split_seed": 0, "fit": "stretch", "unreadable": "refuse", "max_pixels": 100000000}, "studies": {"elimination": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 1.0, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "elimination", "backbones": ["test_resnet"], "uncut": true, "heads": ["pool_linear", "conv1x1", "conv3x3", "multi_tap"], "head_widths": [64, 128, 256], "max_convolutions": 3, "trunk_learning_rate": {"low": 0.1, "high": 1.0, "log": true}, "max_frozen_stages": 3, "initial_weights": "random", "profile": true}, "scratch": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 0.5, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "scratch", "blocks": ["dwconv", "inverted_residual_v3", "mbconv"], "stages": [1, 2], "stem_channels": [8, 16, 24], "widths": [16, 32], "max_repeats": 1, "kernels": [3, 5], "expansions": [2.0, 3.0, 4.0, 6.0], "activations": ["relu", "hard_swish", "silu"], "stochastic_depths": [0.0, 0.1, 0.2], "width_multipliers": [1.0], "depth_multipliers": [1, 2], "heads": ["pool_linear", "conv1x1"], "head_widths": [64, 128, 256], "min_feature_size": 2}}, "trials": 2, "stopping": {"enabled": true, "first_rung": 0.5, "factor": 2.0, "quantile": 0.98, "least_finished": 5, "across_studies": false}, "proposals": 32, "seed": 0, "device": "cpu", "hang_seconds": 600.0, "output_dir": "/home/me/postgresql", "cache_dir": "/home/me/cache", "feature_cache_gb": 2.0, "heads_at_once": 16}');
INSERT INTO public.study_user_attributes VALUES (10, 2, 'data', '{"name": "pictures", "source": "folder", "fingerprint": "f46c867ed31f5d53b5573540b9e7f9f433fe35ad6a35a6950880b19621c73b67", "classes": ["class0", "class1", "class2"], "counts": {"train": {"class0": 10, "class1": 10, "class2": 10}, "validation": {"class0": 3, "class1": 3, "class2": 3}, "test": {"class0": 3, "class1": 3, "class2": 3}}, "shares": {"train": 0.625, "validation": 0.1875, "test": 0.1875}, "split_seed": 0, "fit": "stretch", "warnings": []}');
INSERT INTO public.study_user_attributes VALUES (11, 2, 'versions', '{"torch": "2.12.1", "timm": "1.0.31", "optuna": "5.0.0", "elimnet-search": "0.1.0"}');
INSERT INTO public.study_user_attributes VALUES (12, 2, 'python', '"3.11.7"');
INSERT INTO public.study_user_attributes VALUES (13, 2, 'resolved_space', '{"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 0.5, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "max_macs": null, "max_latency_ms": null, "trials": null, "minutes": null, "space": "scratch", "blocks": ["dwconv", "inverted_residual_v3", "mbconv"], "stages": [1, 2], "stem_channels": [8, 16, 24], "widths": [16, 32], "max_repeats": 1, "kernels": [3, 5], "expansions": [2.0, 3.0, 4.0, 6.0], "activations": ["relu", "hard_swish", "silu"], "stochastic_depths": [0.0, 0.1, 0.2], "width_multipliers": [1.0], "depth_multipliers": [1, 2], "heads": ["pool_linear", "conv1x1"], "head_widths": [64, 128, 256], "min_feature_size": 2}');


--
-- Data for Name: trial_heartbeats; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trial_intermediate_values; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trial_params; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.trial_params VALUES (1, 1, 'test_resnet.cut', 4, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 4}}');
INSERT INTO public.trial_params VALUES (2, 1, 'dropout', 0.1, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO public.trial_params VALUES (3, 1, 'learning_rate', 0.003, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (4, 1, 'weight_decay', 0.05, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO public.trial_params VALUES (5, 1, 'augmentation', 0.5, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO public.trial_params VALUES (6, 2, 'stem_channels', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16, 24]}}');
INSERT INTO public.trial_params VALUES (7, 2, 'depth_multiplier', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO public.trial_params VALUES (8, 2, 'stages', 2, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO public.trial_params VALUES (9, 2, 'stage1.block', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": ["dwconv", "inverted_residual_v3", "mbconv"]}}');
INSERT INTO public.trial_params VALUES (10, 2, 'stage1.expansion', 3, '{"name": "CategoricalDistribution", "attributes": {"choices": [2.0, 3.0, 4.0, 6.0]}}');
INSERT INTO public.trial_params VALUES (11, 2, 'stage1.width', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [16, 32]}}');
INSERT INTO public.trial_params VALUES (12, 2, 'stage1.kernel', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [3, 5]}}');
INSERT INTO public.trial_params VALUES (13, 2, 'stage1.stride', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO public.trial_params VALUES (14, 2, 'stage1.activation', 2, '{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "hard_swish", "silu"]}}');
INSERT INTO public.trial_params VALUES (15, 2, 'stage1.squeeze_excitation', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [false, true]}}');
INSERT INTO public.trial_params VALUES (16, 2, 'stage2.block', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": ["dwconv", "inverted_residual_v3", "mbconv"]}}');
INSERT INTO public.trial_params VALUES (17, 2, 'stage2.expansion', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [2.0, 3.0, 4.0, 6.0]}}');
INSERT INTO public.trial_params VALUES (18, 2, 'stage2.width', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [16, 32]}}');
INSERT INTO public.trial_params VALUES (19, 2, 'stage2.kernel', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [3, 5]}}');
INSERT INTO public.trial_params VALUES (20, 2, 'stage2.stride', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO public.trial_params VALUES (21, 2, 'stage2.activation', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "hard_swish", "silu"]}}');
INSERT INTO public.trial_params VALUES (22, 2, 'stage2.squeeze_excitation', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [false, true]}}');
INSERT INTO public.trial_params VALUES (23, 2, 'head', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["pool_linear", "conv1x1"]}}');
INSERT INTO public.trial_params VALUES (24, 2, 'dropout', 0.3556896674829243, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO public.trial_params VALUES (25, 2, 'learning_rate', 0.009905190419127968, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (26, 2, 'weight_decay', 0.005350992866264075, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO public.trial_params VALUES (27, 2, 'augmentation', 0.09472296139866854, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO public.trial_params VALUES (28, 3, 'test_resnet.cut', 4, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 4}}');
INSERT INTO public.trial_params VALUES (29, 3, 'dropout', 0.1318698959178076, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO public.trial_params VALUES (30, 3, 'learning_rate', 0.0018161347688133327, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (31, 3, 'weight_decay', 0.027768359005238358, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO public.trial_params VALUES (32, 3, 'augmentation', 0.18671856995174063, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO public.trial_params VALUES (33, 4, 'stem_channels', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16, 24]}}');
INSERT INTO public.trial_params VALUES (34, 4, 'depth_multiplier', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO public.trial_params VALUES (35, 4, 'stages', 1, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO public.trial_params VALUES (36, 4, 'stage1.block', 2, '{"name": "CategoricalDistribution", "attributes": {"choices": ["dwconv", "inverted_residual_v3", "mbconv"]}}');
INSERT INTO public.trial_params VALUES (37, 4, 'stage1.expansion', 2, '{"name": "CategoricalDistribution", "attributes": {"choices": [2.0, 3.0, 4.0, 6.0]}}');
INSERT INTO public.trial_params VALUES (38, 4, 'stage1.width', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [16, 32]}}');
INSERT INTO public.trial_params VALUES (39, 4, 'stage1.kernel', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [3, 5]}}');
INSERT INTO public.trial_params VALUES (40, 4, 'stage1.stride', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO public.trial_params VALUES (41, 4, 'stage1.activation', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "hard_swish", "silu"]}}');
INSERT INTO public.trial_params VALUES (42, 4, 'stochastic_depth', 1, '{"name": "CategoricalDistribution", "attributes": {"choices": [0.0, 0.1, 0.2]}}');
INSERT INTO public.trial_params VALUES (43, 4, 'head', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["pool_linear", "conv1x1"]}}');
INSERT INTO public.trial_params VALUES (44, 4, 'dropout', 0.28528584146440017, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO public.trial_params VALUES (45, 4, 'learning_rate', 0.0017884123249176584, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (46, 4, 'weight_decay', 0.02397010070184274, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO public.trial_params VALUES (47, 4, 'augmentation', 0.4923932994105219, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');


--
-- Data for Name: trial_system_attributes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.trial_system_attributes VALUES (1, 1, 'fixed_params', '{"learning_rate": 0.003, "weight_decay": 0.05, "augmentation": 0.5, "dropout": 0.1, "trunk_learning_rate": 0.3, "frozen_stages": 0, "test_resnet.cut": 4}');
INSERT INTO public.trial_system_attributes VALUES (2, 1, 'elimnet:detail:candidate', '{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "original", "width": null, "convolutions": null, "taps": [], "dropout": 0.1}, "family": "eliminated", "backbone": "test_resnet", "cut": null}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 1.0, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO public.trial_system_attributes VALUES (3, 1, 'elimnet:detail:f1_per_class', '[1.0, 0.0, 0.6666666666666666]');
INSERT INTO public.trial_system_attributes VALUES (4, 1, 'elimnet:detail:confusion', '[[3, 0, 0], [0, 0, 3], [0, 0, 3]]');
INSERT INTO public.trial_system_attributes VALUES (5, 2, 'elimnet:detail:candidate', '{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "pool_linear", "width": null, "convolutions": null, "taps": [], "dropout": 0.3556896674829243}, "family": "scratch", "stem_channels": 8, "stages": [{"block": "inverted_residual_v3", "channels": 16, "repeats": 1, "kernel": 5, "stride": 1, "activation": "silu", "expansion": 6.0, "squeeze_excitation": false, "stochastic_depth": 0.0}, {"block": "inverted_residual_v3", "channels": 32, "repeats": 1, "kernel": 5, "stride": 1, "activation": "relu", "expansion": 3.0, "squeeze_excitation": true, "stochastic_depth": 0.0}]}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.009905190419127968, "trunk_learning_rate": 1.0, "weight_decay": 0.005350992866264075, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.09472296139866854, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO public.trial_system_attributes VALUES (6, 2, 'elimnet:detail:f1_per_class', '[0.0, 0.0, 0.5]');
INSERT INTO public.trial_system_attributes VALUES (7, 2, 'elimnet:detail:confusion', '[[0, 0, 3], [0, 0, 3], [0, 0, 3]]');
INSERT INTO public.trial_system_attributes VALUES (8, 3, 'elimnet:detail:candidate', '{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "original", "width": null, "convolutions": null, "taps": [], "dropout": 0.1318698959178076}, "family": "eliminated", "backbone": "test_resnet", "cut": null}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.0018161347688133327, "trunk_learning_rate": 1.0, "weight_decay": 0.027768359005238358, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.18671856995174063, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO public.trial_system_attributes VALUES (9, 3, 'elimnet:detail:f1_per_class', '[0.6666666666666666, 0.0, 1.0]');
INSERT INTO public.trial_system_attributes VALUES (10, 3, 'elimnet:detail:confusion', '[[3, 0, 0], [3, 0, 0], [0, 0, 3]]');
INSERT INTO public.trial_system_attributes VALUES (11, 4, 'elimnet:detail:candidate', '{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "pool_linear", "width": null, "convolutions": null, "taps": [], "dropout": 0.28528584146440017}, "family": "scratch", "stem_channels": 8, "stages": [{"block": "mbconv", "channels": 32, "repeats": 2, "kernel": 5, "stride": 1, "activation": "hard_swish", "expansion": 4.0, "squeeze_excitation": true, "stochastic_depth": 0.1}]}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.0017884123249176584, "trunk_learning_rate": 1.0, "weight_decay": 0.02397010070184274, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.4923932994105219, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO public.trial_system_attributes VALUES (12, 4, 'elimnet:detail:f1_per_class', '[0.0, 0.0, 0.5]');
INSERT INTO public.trial_system_attributes VALUES (13, 4, 'elimnet:detail:confusion', '[[0, 0, 3], [0, 0, 3], [0, 0, 3]]');


--
-- Data for Name: trial_user_attributes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.trial_user_attributes VALUES (1, 1, 'candidate_key', '"16877b90f3aa2c55"');
INSERT INTO public.trial_user_attributes VALUES (2, 1, 'seed', '0');
INSERT INTO public.trial_user_attributes VALUES (3, 1, 'family', '"eliminated"');
INSERT INTO public.trial_user_attributes VALUES (4, 1, 'summary', '"test_resnet uncut, 32 px"');
INSERT INTO public.trial_user_attributes VALUES (5, 1, 'runs_to_end', 'true');
INSERT INTO public.trial_user_attributes VALUES (6, 1, 'parameters', '372979');
INSERT INTO public.trial_user_attributes VALUES (7, 1, 'macs', '4098336');
INSERT INTO public.trial_user_attributes VALUES (8, 1, 'layers', '16');
INSERT INTO public.trial_user_attributes VALUES (9, 1, 'accuracy', '0.6666666666666666');
INSERT INTO public.trial_user_attributes VALUES (10, 1, 'validation_loss', '1.034972071647644');
INSERT INTO public.trial_user_attributes VALUES (11, 1, 'train_f1_macro', '0.901940842444275');
INSERT INTO public.trial_user_attributes VALUES (12, 1, 'epochs', '2');
INSERT INTO public.trial_user_attributes VALUES (13, 1, 'seconds', '1.9831323389998943');
INSERT INTO public.trial_user_attributes VALUES (14, 1, 'images_per_second', '41.0544906700968');
INSERT INTO public.trial_user_attributes VALUES (15, 1, 'peak_memory_mb', '948.1171875');
INSERT INTO public.trial_user_attributes VALUES (16, 1, 'device', '"CPU x86_64, 1 threads"');
INSERT INTO public.trial_user_attributes VALUES (17, 2, 'candidate_key', '"5cfc04db61adc167"');
INSERT INTO public.trial_user_attributes VALUES (18, 2, 'seed', '0');
INSERT INTO public.trial_user_attributes VALUES (19, 2, 'family', '"scratch"');
INSERT INTO public.trial_user_attributes VALUES (20, 2, 'summary', '"irv3_c16 irv3_c32 + pool_linear, 32 px"');
INSERT INTO public.trial_user_attributes VALUES (21, 2, 'parameters', '7879');
INSERT INTO public.trial_user_attributes VALUES (22, 2, 'macs', '1555680');
INSERT INTO public.trial_user_attributes VALUES (23, 2, 'layers', '10');
INSERT INTO public.trial_user_attributes VALUES (24, 2, 'accuracy', '0.3333333333333333');
INSERT INTO public.trial_user_attributes VALUES (25, 2, 'validation_loss', '1.1004387140274048');
INSERT INTO public.trial_user_attributes VALUES (26, 2, 'train_f1_macro', '0.6238244514106583');
INSERT INTO public.trial_user_attributes VALUES (27, 2, 'epochs', '2');
INSERT INTO public.trial_user_attributes VALUES (28, 2, 'seconds', '0.9727161239998168');
INSERT INTO public.trial_user_attributes VALUES (29, 2, 'images_per_second', '87.87726905871888');
INSERT INTO public.trial_user_attributes VALUES (30, 2, 'peak_memory_mb', '961.69140625');
INSERT INTO public.trial_user_attributes VALUES (31, 2, 'device', '"CPU x86_64, 1 threads"');
INSERT INTO public.trial_user_attributes VALUES (32, 3, 'candidate_key', '"6ac1ee5395242ec5"');
INSERT INTO public.trial_user_attributes VALUES (33, 3, 'seed', '0');
INSERT INTO public.trial_user_attributes VALUES (34, 3, 'family', '"eliminated"');
INSERT INTO public.trial_user_attributes VALUES (35, 3, 'summary', '"test_resnet uncut, 32 px"');
INSERT INTO public.trial_user_attributes VALUES (36, 3, 'parameters', '372979');
INSERT INTO public.trial_user_attributes VALUES (37, 3, 'macs', '4098336');
INSERT INTO public.trial_user_attributes VALUES (38, 3, 'layers', '16');
INSERT INTO public.trial_user_attributes VALUES (39, 3, 'accuracy', '0.6666666666666666');
INSERT INTO public.trial_user_attributes VALUES (40, 3, 'validation_loss', '1.074780821800232');
INSERT INTO public.trial_user_attributes VALUES (41, 3, 'train_f1_macro', '0.9326599326599326');
INSERT INTO public.trial_user_attributes VALUES (42, 3, 'epochs', '2');
INSERT INTO public.trial_user_attributes VALUES (43, 3, 'seconds', '0.5113160099999732');
INSERT INTO public.trial_user_attributes VALUES (44, 3, 'images_per_second', '145.71433259333796');
INSERT INTO public.trial_user_attributes VALUES (45, 3, 'peak_memory_mb', '958.765625');
INSERT INTO public.trial_user_attributes VALUES (46, 3, 'device', '"CPU x86_64, 1 threads"');
INSERT INTO public.trial_user_attributes VALUES (47, 4, 'candidate_key', '"11ec4d4b25279447"');
INSERT INTO public.trial_user_attributes VALUES (48, 4, 'seed', '0');
INSERT INTO public.trial_user_attributes VALUES (49, 4, 'family', '"scratch"');
INSERT INTO public.trial_user_attributes VALUES (50, 4, 'summary', '"mbconv_c32_r2 + pool_linear, 32 px"');
INSERT INTO public.trial_user_attributes VALUES (51, 4, 'parameters', '16917');
INSERT INTO public.trial_user_attributes VALUES (52, 4, 'macs', '3506400');
INSERT INTO public.trial_user_attributes VALUES (53, 4, 'layers', '12');
INSERT INTO public.trial_user_attributes VALUES (54, 4, 'accuracy', '0.3333333333333333');
INSERT INTO public.trial_user_attributes VALUES (55, 4, 'validation_loss', '1.0989784002304077');
INSERT INTO public.trial_user_attributes VALUES (56, 4, 'train_f1_macro', '0.7452380952380953');
INSERT INTO public.trial_user_attributes VALUES (57, 4, 'epochs', '2');
INSERT INTO public.trial_user_attributes VALUES (58, 4, 'seconds', '0.9692285899991475');
INSERT INTO public.trial_user_attributes VALUES (59, 4, 'images_per_second', '73.24065050568487');
INSERT INTO public.trial_user_attributes VALUES (60, 4, 'peak_memory_mb', '985.484375');
INSERT INTO public.trial_user_attributes VALUES (61, 4, 'device', '"CPU x86_64, 1 threads"');


--
-- Data for Name: trial_values; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.trial_values VALUES (1, 1, 0, 0.5555555555555555, 'FINITE');
INSERT INTO public.trial_values VALUES (2, 1, 1, 372979, 'FINITE');
INSERT INTO public.trial_values VALUES (3, 2, 0, 0.16666666666666666, 'FINITE');
INSERT INTO public.trial_values VALUES (4, 2, 1, 7879, 'FINITE');
INSERT INTO public.trial_values VALUES (5, 3, 0, 0.5555555555555555, 'FINITE');
INSERT INTO public.trial_values VALUES (6, 3, 1, 372979, 'FINITE');
INSERT INTO public.trial_values VALUES (7, 4, 0, 0.16666666666666666, 'FINITE');
INSERT INTO public.trial_values VALUES (8, 4, 1, 16917, 'FINITE');


--
-- Data for Name: trials; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.trials VALUES (1, 0, 1, 'COMPLETE', '2026-11-30 16:25:21.33955', '2026-11-30 16:25:25.458244');
INSERT INTO public.trials VALUES (2, 0, 2, 'COMPLETE', '2026-11-30 16:25:29.639379', '2026-11-30 16:25:32.658767');
INSERT INTO public.trials VALUES (3, 1, 1, 'COMPLETE', '2026-11-30 16:25:36.330687', '2026-11-30 16:25:38.300139');
INSERT INTO public.trials VALUES (4, 1, 2, 'COMPLETE', '2026-11-30 16:25:39.840445', '2026-11-30 16:25:41.806098');
INSERT INTO public.trials VALUES (5, 2, 2, 'RUNNING', '2026-11-30 16:26:01.862463', NULL);


--
-- Data for Name: version_info; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.version_info VALUES (1, 12, '5.0.0');


--
-- Name: studies_study_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.studies_study_id_seq', 2, true);


--
-- Name: study_directions_study_direction_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.study_directions_study_direction_id_seq', 4, true);


--
-- Name: study_system_attributes_study_system_attribute_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.study_system_attributes_study_system_attribute_id_seq', 47, true);


--
-- Name: study_user_attributes_study_user_attribute_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.study_user_attributes_study_user_attribute_id_seq', 13, true);


--
-- Name: trial_heartbeats_trial_heartbeat_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trial_heartbeats_trial_heartbeat_id_seq', 1, false);


--
-- Name: trial_intermediate_values_trial_intermediate_value_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trial_intermediate_values_trial_intermediate_value_id_seq', 1, false);


--
-- Name: trial_params_param_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trial_params_param_id_seq', 47, true);


--
-- Name: trial_system_attributes_trial_system_attribute_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trial_system_attributes_trial_system_attribute_id_seq', 13, true);


--
-- Name: trial_user_attributes_trial_user_attribute_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trial_user_attributes_trial_user_attribute_id_seq', 61, true);


--
-- Name: trial_values_trial_value_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trial_values_trial_value_id_seq', 8, true);


--
-- Name: trials_trial_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trials_trial_id_seq', 5, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: elimnet_curves elimnet_curves_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.elimnet_curves
    ADD CONSTRAINT elimnet_curves_pkey PRIMARY KEY (trial_id, epoch);


--
-- Name: elimnet_leases elimnet_leases_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.elimnet_leases
    ADD CONSTRAINT elimnet_leases_pkey PRIMARY KEY (trial_id);


--
-- Name: elimnet_pulse elimnet_pulse_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.elimnet_pulse
    ADD CONSTRAINT elimnet_pulse_pkey PRIMARY KEY (pulse_id);


--
-- Name: elimnet_schema elimnet_schema_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.elimnet_schema
    ADD CONSTRAINT elimnet_schema_pkey PRIMARY KEY (version);


--
-- Name: studies studies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.studies
    ADD CONSTRAINT studies_pkey PRIMARY KEY (study_id);


--
-- Name: study_directions study_directions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_pkey PRIMARY KEY (study_direction_id);


--
-- Name: study_directions study_directions_study_id_objective_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_study_id_objective_key UNIQUE (study_id, objective);


--
-- Name: study_system_attributes study_system_attributes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_pkey PRIMARY KEY (study_system_attribute_id);


--
-- Name: study_system_attributes study_system_attributes_study_id_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_study_id_key_key UNIQUE (study_id, key);


--
-- Name: study_user_attributes study_user_attributes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_pkey PRIMARY KEY (study_user_attribute_id);


--
-- Name: study_user_attributes study_user_attributes_study_id_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_study_id_key_key UNIQUE (study_id, key);


--
-- Name: trial_heartbeats trial_heartbeats_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_pkey PRIMARY KEY (trial_heartbeat_id);


--
-- Name: trial_heartbeats trial_heartbeats_trial_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_trial_id_key UNIQUE (trial_id);


--
-- Name: trial_intermediate_values trial_intermediate_values_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_pkey PRIMARY KEY (trial_intermediate_value_id);


--
-- Name: trial_intermediate_values trial_intermediate_values_trial_id_step_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_trial_id_step_key UNIQUE (trial_id, step);


--
-- Name: trial_params trial_params_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_pkey PRIMARY KEY (param_id);


--
-- Name: trial_params trial_params_trial_id_param_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_trial_id_param_name_key UNIQUE (trial_id, param_name);


--
-- Name: trial_system_attributes trial_system_attributes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_pkey PRIMARY KEY (trial_system_attribute_id);


--
-- Name: trial_system_attributes trial_system_attributes_trial_id_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_trial_id_key_key UNIQUE (trial_id, key);


--
-- Name: trial_user_attributes trial_user_attributes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_pkey PRIMARY KEY (trial_user_attribute_id);


--
-- Name: trial_user_attributes trial_user_attributes_trial_id_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_trial_id_key_key UNIQUE (trial_id, key);


--
-- Name: trial_values trial_values_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_pkey PRIMARY KEY (trial_value_id);


--
-- Name: trial_values trial_values_trial_id_objective_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_trial_id_objective_key UNIQUE (trial_id, objective);


--
-- Name: trials trials_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_pkey PRIMARY KEY (trial_id);


--
-- Name: version_info version_info_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.version_info
    ADD CONSTRAINT version_info_pkey PRIMARY KEY (version_info_id);


--
-- Name: ix_studies_study_name; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX ix_studies_study_name ON public.studies USING btree (study_name);


--
-- Name: ix_trials_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_trials_study_id ON public.trials USING btree (study_id);


--
-- Name: elimnet_curves elimnet_curves_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.elimnet_curves
    ADD CONSTRAINT elimnet_curves_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id) ON DELETE CASCADE;


--
-- Name: elimnet_leases elimnet_leases_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.elimnet_leases
    ADD CONSTRAINT elimnet_leases_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id) ON DELETE CASCADE;


--
-- Name: study_directions study_directions_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);


--
-- Name: study_system_attributes study_system_attributes_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);


--
-- Name: study_user_attributes study_user_attributes_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);


--
-- Name: trial_heartbeats trial_heartbeats_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);


--
-- Name: trial_intermediate_values trial_intermediate_values_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);


--
-- Name: trial_params trial_params_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);


--
-- Name: trial_system_attributes trial_system_attributes_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);


--
-- Name: trial_user_attributes trial_user_attributes_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);


--
-- Name: trial_values trial_values_trial_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);


--
-- Name: trials trials_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);


--
-- PostgreSQL database dump complete
--


